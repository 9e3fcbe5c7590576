package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// bench measures every way to a virtual machine, and the plugin itself, in one run on one machine.
type bench struct {
	plugin, reference, tools string
	config                   pluginConfig
	stock, ours              copyBoot
	out                      string
	plan                     benchPlan
	only                     *regexp.Regexp
	figures                  figures
	taken                    map[string]*samples
	timelines                map[string]*timeline
	paces                    []pace
	failures                 []string
}

// benchPlan says how often each thing is measured.
type benchPlan struct {
	// Each round has at most one cold boot of each kind, and some clones and spares, so that all methods meet the same machine.
	rounds, clonesPerRound int
	// In so many of the rounds.
	copies, ourCopies, overlays int
	batches                     map[int]int
	polled                      int
	idle                        int
	calls                       int
	inARow                      int
}

var (
	fullPlan = benchPlan{rounds: 5, clonesPerRound: 5, copies: 5, ourCopies: 5, overlays: 5, batches: map[int]int{3: 5, 5: 5, 10: 5}, polled: 10, idle: 5, calls: 500, inARow: 205}
	// Everything at least once, in less than six minutes.
	quickPlan = benchPlan{rounds: 2, clonesPerRound: 5, copies: 1, ourCopies: 1, overlays: 1, batches: map[int]int{3: 2, 5: 1, 10: 1}, polled: 3, idle: 3, calls: 200}
)

const (
	// So often that what is measured is the plugin and not our looking; the runner's own habits are measured separately.
	fastPoll = 5 * time.Millisecond
	// Several machines compete for the cores with whoever asks; each takes long enough for this.
	batchPoll = 50 * time.Millisecond
	// An instance that waits already is found by the first Update after Increase.
	sparePoll = time.Millisecond
	// After this the end of the last machine no longer disturbs the next one.
	breather = 500 * time.Millisecond
	// A runner's first request comes seconds after Init; by then a plugin has opened its template and made its slots ready.
	openRest = 2 * time.Second
)

func runBench(args []string) error {
	b := &bench{figures: figures{}, taken: map[string]*samples{}, timelines: map[string]*timeline{}, plan: fullPlan}
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.StringVar(&b.plugin, "plugin", "", "plugin executable")
	configFile := flags.String("config", "", "config.toml with the plugin_config")
	flags.StringVar(&b.reference, "reference", "", "a plugin written in Go, to compare with")
	flags.StringVar(&b.tools, "tools", "", "program of tests/Benchmarks")
	image := flags.String("image", "", "directory of the plugin's image")
	stock := flags.String("stock", "", "directory of an image as Debian makes it")
	scratch := flags.String("scratch", "", "directory for copied disks, on the file system of both images; removed")
	flags.StringVar(&b.out, "out", "bench", "directory for the results")
	commit := flags.String("commit", "", "of the measured plugin")
	only := flags.String("only", "", "measure only what this regular expression finds, after the template")
	quick := flags.Bool("quick", false, "fewer repetitions")
	inARow := flags.Int("in-a-row", 0, "so many clones one after the other, 20 at least, instead of the plan's number")
	deadline := flags.Duration("deadline", 2*time.Hour, "for everything")
	flags.Parse(args)

	if *quick {
		b.plan = quickPlan
	}
	if *inARow != 0 {
		if *inARow < 2*around {
			return fmt.Errorf("-in-a-row is %d, want %d at least", *inARow, 2*around)
		}
		b.plan.inARow = *inARow
	}
	var err error
	if b.config, err = readRunnerConfig(*configFile); err != nil {
		return err
	}
	if b.only, err = regexp.Compile(*only); err != nil {
		return err
	}
	b.stock = stockGuest(*stock, *scratch)
	if b.ours, err = ourGuest(*image, *scratch); err != nil {
		return err
	}
	b.stock.kvm = b.config.text("accel") == "kvm"
	b.ours.kvm = b.stock.kvm
	ctx, cancel := context.WithTimeout(context.Background(), *deadline)
	defer cancel()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()

	begin := time.Now()
	b.run(ctx)
	b.figures["machine"] = describeMachine()
	b.figures["commit"] = *commit
	b.figures["date"] = begin.UTC().Format(time.RFC3339)
	b.figures["quick"] = *quick
	b.figures["failures"] = b.failures
	b.figures.number("seconds", time.Since(begin).Seconds())
	if err := b.write(); err != nil {
		return err
	}
	if len(b.failures) > 0 {
		return fmt.Errorf("%d measurements failed to run", len(b.failures))
	}
	return nil
}

func (b *bench) run(ctx context.Context) {
	load := firstLine("/proc/loadavg")
	before := map[string]string{}
	b.attempt(ctx, "template", func() (err error) {
		before, err = b.warmUp(ctx)
		return err
	})
	b.machines(ctx)
	b.attempt(ctx, "plugin", func() error { return b.pluginFigures(ctx) })
	b.attempt(ctx, "allocations", func() error { return b.allocations(ctx) })
	b.attempt(ctx, "slots", func() error { return b.slots(ctx) })
	b.attempt(ctx, "template's checksums", func() error {
		after, err := templateSums(b.config.text("vm_disk_directory"), b.config.text("name"))
		if err == nil && len(before) > 0 {
			paths := changed(before, after)
			for _, path := range paths {
				say("   changed: %s", path)
			}
			b.figures.number("template.files", float64(len(after)))
			b.figures.number("template.files_changed", float64(len(paths)))
		}
		return err
	})

	for name, taken := range b.taken {
		b.figures.times(name, *taken)
	}
	b.figures.ratio("ratio.running", "copy_boot.running_ms", "clone.n1.running_ms")
	b.figures.ratio("ratio.job", "copy_boot.job_ms", "clone.n1.job_ms")
	b.figures.ratio("ratio.same_image_running", "copy_boot_ours.running_ms", "clone.n1.running_ms")
	b.figures.ratio("ratio.same_image_job", "copy_boot_ours.job_ms", "clone.n1.job_ms")
	for method, timeline := range b.timelines {
		b.figures["timeline."+method] = timeline.medians()
	}
	b.figures.paces("pace", b.paces)
	b.figures["load"] = []string{load, firstLine("/proc/loadavg")}
}

// attempt runs one part; that it failed is a result like any other, and the rest is measured all the same.
func (b *bench) attempt(ctx context.Context, what string, work func() error) {
	if ctx.Err() != nil {
		b.failures = append(b.failures, fmt.Sprintf("%s: not begun: %v", what, ctx.Err()))
		return
	}
	if !b.only.MatchString(what) && what != "template" {
		return
	}
	say("== %s (load %s)", what, firstLine("/proc/loadavg"))
	now, err := measurePace()
	if err != nil {
		b.failures = append(b.failures, fmt.Sprintf("%s: %v", what, err))
		return
	}
	b.paces = append(b.paces, now)
	begin := time.Now()
	if err := work(); err != nil {
		say("== %s FAILED: %v", what, err)
		b.failures = append(b.failures, fmt.Sprintf("%s: %v", what, err))
		return
	}
	say("   %.1f s", time.Since(begin).Seconds())
}

func (b *bench) sample(name string, took time.Duration) {
	if b.taken[name] == nil {
		b.taken[name] = &samples{}
	}
	b.taken[name].add(took)
}

func (b *bench) timeline(method string) *timeline {
	if b.timelines[method] == nil {
		b.timelines[method] = &timeline{}
	}
	return b.timelines[method]
}

func (b *bench) write() error {
	text, err := json.MarshalIndent(b.figures.nested(), "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.out, "bench.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return writeReport(b.out)
}

func describeMachine() string {
	return fmt.Sprintf("%d × %s, %.0f GiB, Linux %s, QEMU %s", thisMachine()["cpus"], procField("/proc/cpuinfo", "model name"),
		memoryGiB(), firstLine("/proc/sys/kernel/osrelease"), hypervisorVersion())
}
