package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// runBenchReport makes the report of an earlier run again.
func runBenchReport(args []string) error {
	flags := flag.NewFlagSet("bench-report", flag.ExitOnError)
	out := flags.String("out", "bench", "directory with a bench.json")
	flags.Parse(args)
	return writeReport(*out)
}

// writeReport makes bench.md, bench.svg and readme.md of bench.json, and prints the verdicts.
func writeReport(directory string) error {
	text, err := os.ReadFile(filepath.Join(directory, "bench.json"))
	if err != nil {
		return err
	}
	f, err := readFigures(text)
	if err != nil {
		return err
	}
	for name, content := range map[string]string{"bench.md": f.report(), "readme.md": f.readmeTable(), "bench.svg": f.picture()} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	for _, g := range goals {
		fmt.Printf("%-52s %14s   goal %-12s %s\n", g.text, g.valueText(f), g.boundText(), g.verdict(f))
	}
	for _, failure := range f.texts("failures") {
		fmt.Printf("FAILED TO RUN: %s\n", failure)
	}
	return nil
}

// method is one way to a machine, as tables and picture name it.
type method struct{ figure, timeline, name, text string }

var methods = []method{
	{"copy_boot", "copy_boot", "copy+boot", "full copy of the disk, cold boot of a stock Debian 12, cloud-init: what the closest peer does"},
	{"copy_boot_ours", "copy_boot_ours", "copy+boot, our image", "the same with this plugin's image, which is made for a quick boot"},
	{"overlay_boot", "overlay_boot", "overlay+boot", "this plugin with `start = \"boot\"`: overlay on our image, cold boot, cloud-init"},
	{"clone.n1", "clone", "clone", "this plugin's default: a copy-on-write clone of a running template"},
	{"spare", "spare", "spare", "a clone that was waiting (`spares = 1`)"},
}

func (f figures) report() string {
	var page strings.Builder
	line := func(format string, args ...interface{}) { fmt.Fprintf(&page, format+"\n", args...) }
	line("# How fast\n")
	line("%s\n", f.setting())
	if failures := f.texts("failures"); len(failures) > 0 {
		line("**%d measurements failed to run:**\n", len(failures))
		for _, failure := range failures {
			line("- %s", failure)
		}
		line("")
	}
	line("![where the time goes](bench.svg)\n")
	line("%s", f.readmeTable())
	line("## Goals\n")
	line("| what | goal | measured | |\n|---|---:|---:|---|")
	for _, g := range goals {
		line("| %s | %s | %s | %s |", g.text, g.boundText(), g.valueText(f), g.verdict(f))
	}
	line("\n## Clones at once\n")
	line("| clones | running p50 / p95 | first job command p50 / p95 | of the first | of the last |\n|---:|---:|---:|---:|---:|")
	for _, n := range []int{1, 3, 5, 10} {
		prefix := fmt.Sprintf("clone.n%d.", n)
		line("| %d | %s | %s | %s | %s |", n, f.times2(prefix+"running_ms"), f.times2(prefix+"job_ms"), f.seconds(prefix+"first_ms"), f.seconds(prefix+"last_ms"))
	}
	line("\nOne clone under a host that asks Update only every 250 ms: first job command after %s; every 2 s: %s.", f.times2("clone.poll250.job_ms"), f.times2("clone.poll2000.job_ms"))
	line("\n## Where the time goes (medians, ms)\n")
	for _, m := range methods {
		var steps []string
		for _, step := range f.timeline(m.timeline) {
			steps = append(steps, fmt.Sprintf("%s %s", step.Step, plainNumber(step.Ms)))
		}
		line("- %s: %s", m.name, strings.Join(steps, ", "))
	}
	line("\n## Everything else\n")
	line("| figure | value |\n|---|---:|")
	for _, name := range f.others() {
		line("| `%s` | %s |", name, f.plain(name))
	}
	line("\n%s", howMeasured)
	return page.String()
}

// readmeTable is what the README shows.
func (f figures) readmeTable() string {
	var table strings.Builder
	fmt.Fprintf(&table, "| | running after (p50 / p95) | first job command finished after (p50 / p95) | n |\n|---|---:|---:|---:|\n")
	for _, m := range methods {
		running, measured := f[m.figure+".running_ms"].(summary)
		if !measured {
			fmt.Fprintf(&table, "| **%s**: %s | – | – | 0 |\n", m.name, m.text)
			continue
		}
		fmt.Fprintf(&table, "| **%s**: %s | %s | %s | %d |\n", m.name, m.text, f.times2(m.figure+".running_ms"), f.times2(m.figure+".job_ms"), running.N)
	}
	fmt.Fprintf(&table, "\nCounted from the call of Increase; 1 vCPU, 1 GiB, Debian 12. %s\n", f.setting())
	return table.String()
}

func (f figures) setting() string {
	kind := ""
	if quick, _ := f["quick"].(bool); quick {
		kind = ", quick run"
	}
	load := f.texts("load")
	return fmt.Sprintf("%v, commit %v, %v%s. Load before and after: %s.", f["machine"], f["commit"], f["date"], kind, strings.Join(load, "; "))
}

// others are the figures that no table before has shown.
func (f figures) others() []string {
	shown := map[string]bool{"quick": true, "machine": true, "commit": true, "date": true, "load": true, "failures": true}
	for _, g := range goals {
		shown[g.figure] = true
	}
	var names []string
	for name := range f {
		isTable := strings.HasPrefix(name, "timeline.") || strings.HasPrefix(name, "clone.")
		for _, m := range methods {
			isTable = isTable || name == m.figure+".running_ms" || name == m.figure+".job_ms"
		}
		if !isTable && !shown[name] {
			names = append(names, name)
		}
	}
	return sortedNames(names)
}

const howMeasured = `## How it was measured

- The clock starts when a Go program, launching the plugin with go-plugin's own client and AutoMTLS as GitLab Runner does, calls
  Increase. *Running* is the first Update that says so; these hosts ask every 5 ms (for spares every 1 ms, for
  several clones at once every 50 ms), so that the host's habits are not measured; what asking costs is in the figures. A plugin has been up for two seconds by then. *First job command* is the end of ` + "`true`" + `, run by golang.org/x/crypto/ssh after
  a login to the host key of this very machine; of several at once, each login lasts until all of them are done, as a job would.
- copy+boot needs no plugin: cp of the whole disk (holes stay holes, no extents are shared, the source is in the page cache), a NoCloud
  seed, QEMU with the plugin's own options, *running* when sshd greets. Choices are those that make it faster: kernel booted directly, network ready before
  the clock starts, no DHCP, no flushes to the host's disk. Its stock guest is Debian 12 by mmdebstrap with cloud-init, its configuration untouched.
- Methods alternate in rounds, so that all of them meet the same machine. p50 is the median, p95 the smallest value that 95 % do not exceed.
- Private memory is Pss_Anon of the hypervisor's process; disk the allocated blocks of the instance's directory, without what it shares with
  others. An idle clone has its identity, has waited 30 s and nobody has logged in. Its CPU use is that of the 10 s after that.
- Flat: medians of the first and the last ten of 205 clones in a row (flat.job_ms.5, .200; row.csv has each). Then twenty more of that plugin
  and twenty of a new one, in turns (flat.turns): after minutes the machine itself may be slower or quicker than before.
- Pace: what the machine itself costs before each part (pace.*), and before the first and the last ten of the row (flat.pace.*):
  SHA-256 of 8 MiB, a read within 1 MiB whose address only the read before tells, and the first write to a page of new memory.
- Allocations per Update come from a build of the plugin that can be asked; all else is measured on the published one.
`
