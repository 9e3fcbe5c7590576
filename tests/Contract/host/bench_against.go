package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// runBenchAgainst measures clones of two plugins in turns, one of each: a machine whose speed changes from minute to minute then
// is the same for both.
func runBenchAgainst(args []string) error {
	flags := flag.NewFlagSet("bench-against", flag.ExitOnError)
	var plugins, configs [2]string
	flags.StringVar(&plugins[0], "base", "", "plugin executable to compare with")
	flags.StringVar(&configs[0], "base-config", "", "its config.toml")
	flags.StringVar(&plugins[1], "plugin", "", "plugin executable")
	flags.StringVar(&configs[1], "config", "", "its config.toml")
	count := flags.Int("n", 30, "clones of each")
	out := flags.String("out", ".", "directory for base.csv and plugin.csv, every clone of each")
	deadline := flags.Duration("deadline", time.Hour, "for everything")
	flags.Parse(args)
	if *count < 1 {
		return fmt.Errorf("-n is %d, want 1 at least", *count)
	}

	ctx, cancel := context.WithTimeout(context.Background(), *deadline)
	defer cancel()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	var laps [][]rowLap
	err := withGroups(ctx, plugins[:], configs[:], nil, func(groups []*benchGroup) (err error) {
		laps, err = inTurns(ctx, groups, *count)
		return err
	})
	if err != nil {
		return err
	}
	for i, name := range []string{"base", "plugin"} {
		if err := writeRow(filepath.Join(*out, name+".csv"), laps[i]); err != nil {
			return err
		}
	}
	fmt.Print(against(laps[0], laps[1]))
	return nil
}

// withGroups opens one group after the other for the work, and gives all of them back.
func withGroups(ctx context.Context, plugins, configs []string, open []*benchGroup, work func([]*benchGroup) error) error {
	if len(open) == len(plugins) {
		return work(open)
	}
	config, err := readRunnerConfig(configs[len(open)])
	if err != nil {
		return err
	}
	group, err := openBenchGroup(ctx, plugins[len(open)], config)
	if err != nil {
		return fmt.Errorf("%s: %w", plugins[len(open)], err)
	}
	err = withGroups(ctx, plugins, configs, append(open, group), work)
	return firstError(err, group.close())
}

// inTurns has a clone of each group, then the next of each, and begins with the other group each time: what a clone's end still costs
// is then borne by both alike. The first of each is not measured: it reads its template.
func inTurns(ctx context.Context, groups []*benchGroup, count int) ([][]rowLap, error) {
	laps := make([][]rowLap, len(groups))
	for number := 0; number <= count; number++ {
		for turn := range groups {
			i := (number + turn) % len(groups)
			lap, err := groups[i].lap(ctx, number)
			if err != nil {
				return nil, fmt.Errorf("clone %d of plugin %d: %w", number, i+1, err)
			}
			if number > 0 {
				laps[i] = append(laps[i], lap)
			}
		}
		fmt.Fprint(os.Stderr, ".")
	}
	fmt.Fprintln(os.Stderr)
	return laps, nil
}

// against is a table of medians, and of those of the quicker half, which a busy neighbour has disturbed less.
func against(base, plugin []rowLap) string {
	var table strings.Builder
	fmt.Fprintf(&table, "%-34s %9s %9s %7s   %s\n", fmt.Sprintf("medians of %d clones each, in turns", len(base)), "base", "plugin", "ratio", "of the quicker half")
	for _, row := range []struct {
		name  string
		value func(rowLap) float64
	}{
		{"accepted to running CPUs, ms", func(l rowLap) float64 { at, _ := l.machine.since("resume"); return at }},
		{"Increase to running, ms", func(l rowLap) float64 { return milliseconds(l.machine.running) }},
		{"Increase to first job command, ms", func(l rowLap) float64 { return milliseconds(l.machine.job) }},
		{"CPU time of the guest's QEMU, ms", func(l rowLap) float64 { return l.guest }},
		{"CPU time of the plugin, ms", func(l rowLap) float64 { return l.plugin }},
		{"CPU time of everything else, ms", func(l rowLap) float64 { return l.others }},
	} {
		was, is := valuesOf(base, row.value), valuesOf(plugin, row.value)
		fmt.Fprintf(&table, "%-34s %9.1f %9.1f %7.3f   %.1f %.1f\n", row.name, was.percentile(50), is.percentile(50),
			is.percentile(50)/was.percentile(50), was.percentile(25), is.percentile(25))
	}
	return table.String()
}

func valuesOf(laps []rowLap, value func(rowLap) float64) (values samples) {
	for _, lap := range laps {
		values = append(values, value(lap))
	}
	return values
}
