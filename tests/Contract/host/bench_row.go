package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// rowLap is one clone of the row. CPU times are in milliseconds, from the call of Increase to the end of the first job command.
type rowLap struct {
	number                int
	machine               *machine
	guest, plugin, others float64
	// pace is what work that never changes cost just before: the machine's own mood.
	pace pace
}

// row starts, uses and deletes one clone after the other and looks at what each costs.
func (g *benchGroup) row(ctx context.Context, count int) (laps []rowLap, err error) {
	for number := 1; number <= count; number++ {
		lap, err := g.lap(ctx, number)
		if err != nil {
			return laps, err
		}
		laps = append(laps, lap)
	}
	return laps, nil
}

func (g *benchGroup) lap(ctx context.Context, number int) (rowLap, error) {
	lap := rowLap{number: number}
	var err error
	if lap.pace, err = measurePace(); err != nil {
		return lap, err
	}
	plugin, err := processorTime(g.session.pid())
	if err != nil {
		return lap, err
	}
	all, err := busyTime()
	if err != nil {
		return lap, err
	}
	machines, err := g.start(ctx, 1, fastPoll, false)
	if err != nil {
		return lap, err
	}
	lap.machine = machines[0]
	if lap.machine.record.TemplateKey == "" {
		return lap, fmt.Errorf("%s was booted, not cloned: no template could be made (the plugin's log above says why)", lap.machine.record.ID)
	}
	pluginNow, err := processorTime(g.session.pid())
	if err != nil {
		return lap, err
	}
	guest, err := processorTime(lap.machine.record.Pid)
	if err != nil {
		return lap, err
	}
	allNow, err := busyTime()
	if err != nil {
		return lap, err
	}
	lap.guest, lap.plugin = guest*1000, (pluginNow-plugin)*1000
	lap.others = (allNow-all)*1000 - lap.guest - lap.plugin
	if _, err = g.end(ctx, machines); err != nil {
		return lap, err
	}
	return lap, sleepUntil(ctx, time.Now().Add(breather))
}

// busyTime is what all processors together have worked so far, in seconds; what they lost to other guests of their own host is
// not in it.
func busyTime() (float64, error) {
	fields := strings.Fields(firstLine("/proc/stat"))
	if len(fields) < 8 {
		return 0, fmt.Errorf("/proc/stat begins with %q", fields)
	}
	var user, nice, system, idle, wait, interrupts, soft float64
	if _, err := fmt.Sscan(strings.Join(fields[1:8], " "), &user, &nice, &system, &idle, &wait, &interrupts, &soft); err != nil {
		return 0, err
	}
	return (user + nice + system + interrupts + soft) / 100, nil
}

// writeRow keeps every clone of the row for whoever wonders about the medians.
func writeRow(path string, laps []rowLap) error {
	var text strings.Builder
	for i, lap := range laps {
		steps := lap.machine.durations()
		if len(steps) != len(laps[0].machine.durations()) {
			return fmt.Errorf("clone %d has the steps %v, unlike the first", lap.number, steps)
		}
		if i == 0 {
			text.WriteString("number")
			for _, step := range steps {
				fmt.Fprintf(&text, ",%s", step.Step)
			}
			text.WriteString(",running,job_total,cpu_guest,cpu_plugin,cpu_others,pace_hash_ms,pace_memory_ns,pace_fault_us\n")
		}
		fmt.Fprintf(&text, "%d", lap.number)
		for _, step := range steps {
			fmt.Fprintf(&text, ",%.1f", step.Ms)
		}
		fmt.Fprintf(&text, ",%.1f,%.1f,%.0f,%.0f,%.0f,%.2f,%.1f,%.1f\n", milliseconds(lap.machine.running), milliseconds(lap.machine.job), lap.guest, lap.plugin, lap.others,
			lap.pace.hashMs, lap.pace.memoryNs, lap.pace.faultUs)
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}

// around is how many clones a median at one place of the row is made of.
const around = 10

// slotRest is longer than the two seconds after which a plugin that nobody asks makes the slots that it has used up.
const slotRest = 5 * time.Second

// flat compares the clones around number 5 in a row with those around number 200. Minutes lie between them, in which the machine
// may have become slower or quicker; so the plugin that is aged by then and a new one have some more each, in turns.
func (b *bench) flat(ctx context.Context) error {
	return b.withGroup(ctx, b.config, func(aged *benchGroup) error {
		laps, err := aged.row(ctx, b.plan.inARow)
		if err := firstError(err, writeRow(filepath.Join(b.out, "row.csv"), laps)); err != nil {
			return err
		}
		b.figures.times("flat.job_ms.5", jobsOf(laps[:around]))
		b.figures.times("flat.job_ms.200", jobsOf(laps[len(laps)-around:]))
		b.figures.ratio("flat.ratio", "flat.job_ms.200", "flat.job_ms.5")
		b.figures.paces("flat.pace.5", pacesOf(laps[:around]))
		b.figures.paces("flat.pace.200", pacesOf(laps[len(laps)-around:]))
		beside := b.config.with(pluginConfig{"name": b.config.text("name") + "-new"})
		return b.withGroup(ctx, beside, func(fresh *benchGroup) error {
			// Until the aged one, too, has all the slots ready that it wants: making them would fall into the other's turns.
			if err := sleepUntil(ctx, time.Now().Add(slotRest)); err != nil {
				return err
			}
			turns, err := inTurns(ctx, []*benchGroup{aged, fresh}, 2*around)
			if err != nil {
				return err
			}
			for i, name := range []string{"turns-aged.csv", "turns-new.csv"} {
				if err := writeRow(filepath.Join(b.out, name), turns[i]); err != nil {
					return err
				}
			}
			b.figures.times("flat.turns.aged_ms", jobsOf(turns[0]))
			b.figures.times("flat.turns.new_ms", jobsOf(turns[1]))
			b.figures.ratio("flat.turns.ratio", "flat.turns.aged_ms", "flat.turns.new_ms")
			return nil
		})
	})
}

func jobsOf(laps []rowLap) (jobs samples) {
	for _, lap := range laps {
		jobs.add(lap.machine.job)
	}
	return jobs
}

func pacesOf(laps []rowLap) (paces []pace) {
	for _, lap := range laps {
		paces = append(paces, lap.pace)
	}
	return paces
}
