package main

import (
	"context"
	"fmt"
	"sort"
	"time"
)

// warmUp makes the template, if there is none yet, and takes its checksums. The first clone is not measured: it reads the
// template into the page cache, where it then stays.
func (b *bench) warmUp(ctx context.Context) (map[string]string, error) {
	err := b.withGroup(ctx, b.config, func(g *benchGroup) error {
		machines, err := g.start(ctx, 1, time.Second, false)
		if err == nil && machines[0].record.TemplateKey == "" {
			err = fmt.Errorf("%s was booted, not cloned: no template could be made (the plugin's log above says why)", machines[0].record.ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return templateSums(b.config.text("vm_disk_directory"), b.config.text("name"))
}

// machines measures everything that needs real virtual machines.
func (b *bench) machines(ctx context.Context) {
	spares := b.config.with(pluginConfig{"spares": 1})
	for round := 1; round <= b.plan.rounds; round++ {
		if round <= b.plan.copies {
			b.attempt(ctx, fmt.Sprintf("copy+boot, round %d of %d", round, b.plan.rounds), func() error { return b.copyBoot(ctx, "copy_boot", b.stock) })
		}
		if round <= b.plan.ourCopies {
			b.attempt(ctx, "copy+boot of our image", func() error { return b.copyBoot(ctx, "copy_boot_ours", b.ours) })
		}
		if round <= b.plan.overlays {
			b.attempt(ctx, "overlay+boot", func() error { return b.overlayBoot(ctx) })
		}
		b.attempt(ctx, "clones one by one", func() error { return b.clones(ctx, 1, b.plan.clonesPerRound) })
		b.attempt(ctx, "spares", func() error { return b.spares(ctx, spares) })
	}
	for _, n := range []int{3, 5, 10} {
		n := n
		b.attempt(ctx, fmt.Sprintf("%d clones at once", n), func() error { return b.clones(ctx, n, b.plan.batches[n]) })
	}
	for name, poll := range map[string]time.Duration{"clone.poll250": 250 * time.Millisecond, "clone.poll2000": 2 * time.Second} {
		name, poll := name, poll
		b.attempt(ctx, fmt.Sprintf("clones seen by a host that polls every %v", poll), func() error {
			return b.oneByOne(ctx, b.config, b.plan.polled, poll, func(m *machine) { b.sample(name+".job_ms", m.job) })
		})
	}
	b.attempt(ctx, "idle clones", func() error { return b.idle(ctx) })
	if b.plan.inARow > 0 {
		b.attempt(ctx, fmt.Sprintf("%d clones in a row", b.plan.inARow), func() error { return b.flat(ctx) })
	}
}

func (b *bench) copyBoot(ctx context.Context, method string, guest copyBoot) error {
	if err := openBootNetwork(); err != nil {
		return err
	}
	defer closeBootNetwork()
	lap, err := guest.measure(ctx)
	if err != nil {
		return err
	}
	b.sample(method+".running_ms", lap.running)
	b.sample(method+".job_ms", lap.job)
	b.timeline(method).add(lap.steps)
	b.figures.number(method+".private_after_job_mib", lap.privateMiB)
	b.figures.number(method+".disk_mib", lap.diskMiB)
	return nil
}

func (b *bench) overlayBoot(ctx context.Context) error {
	return b.oneByOne(ctx, b.config.with(pluginConfig{"start": "boot"}), 1, fastPoll, func(m *machine) {
		b.sample("overlay_boot.running_ms", m.running)
		b.sample("overlay_boot.job_ms", m.job)
		b.timeline("overlay_boot").add(m.durations())
	})
}

// clones measures batches of n at once.
func (b *bench) clones(ctx context.Context, n, batches int) error {
	prefix, poll := fmt.Sprintf("clone.n%d.", n), fastPoll
	if n > 1 {
		poll = batchPoll
	}
	return b.withGroup(ctx, b.config, func(g *benchGroup) error {
		for batch := 0; batch < batches; batch++ {
			machines, err := g.start(ctx, n, poll, false)
			if err != nil {
				return err
			}
			sort.Slice(machines, func(i, k int) bool { return machines[i].job < machines[k].job })
			for _, m := range machines {
				b.sample(prefix+"running_ms", m.running)
				b.sample(prefix+"job_ms", m.job)
				if n == 1 {
					b.steps(prefix, m)
				}
			}
			b.sample(prefix+"first_ms", machines[0].job)
			b.sample(prefix+"last_ms", machines[n-1].job)
			took, err := g.end(ctx, machines)
			if err != nil {
				return err
			}
			if n == 1 {
				b.sample("teardown_ms", took)
			}
			if err := sleepUntil(ctx, time.Now().Add(breather)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bench) steps(prefix string, m *machine) {
	b.timeline("clone").add(m.durations())
	resumed, hasResumed := m.since("resume")
	identified, hasIdentity := m.since("identity")
	if hasResumed && hasIdentity {
		b.sample(prefix+"cont_ms", time.Duration(resumed*float64(time.Millisecond)))
		b.sample(prefix+"identity_ms", time.Duration((identified-resumed)*float64(time.Millisecond)))
	}
}

// oneByOne starts, uses and deletes one machine after the other.
func (b *bench) oneByOne(ctx context.Context, config pluginConfig, count int, poll time.Duration, measured func(*machine)) error {
	return b.withGroup(ctx, config, func(g *benchGroup) error {
		for i := 0; i < count; i++ {
			machines, err := g.start(ctx, 1, poll, false)
			if err != nil {
				return err
			}
			measured(machines[0])
			if _, err := g.end(ctx, machines); err != nil {
				return err
			}
			if err := sleepUntil(ctx, time.Now().Add(breather)); err != nil {
				return err
			}
		}
		return nil
	})
}

// idle looks at clones that wait for their first login, and again after it.
func (b *bench) idle(ctx context.Context) error {
	const rest, window = 30 * time.Second, 10 * time.Second
	return b.withGroup(ctx, b.config, func(g *benchGroup) error {
		machines, err := g.start(ctx, b.plan.idle, batchPoll, true)
		if err != nil {
			return err
		}
		if err := sleepUntil(ctx, time.Now().Add(rest)); err != nil {
			return err
		}
		var private, disk, processor, afterJob samples
		used := map[*machine]float64{}
		for _, m := range machines {
			if err := firstError(measureInto(&private, m.record.Pid, privateMemory), measureInto(&disk, m.record.Directory, ownDisk)); err != nil {
				return err
			}
			if used[m], err = processorTime(m.record.Pid); err != nil {
				return err
			}
		}
		if err := sleepUntil(ctx, time.Now().Add(window)); err != nil {
			return err
		}
		for _, m := range machines {
			now, err := processorTime(m.record.Pid)
			if err != nil {
				return err
			}
			processor = append(processor, (now-used[m])/window.Seconds()*100)
		}
		for _, m := range machines {
			connection, _, err := g.runTrue(ctx, m.record)
			if err != nil {
				return err
			}
			connection.Close()
			if err := measureInto(&afterJob, m.record.Pid, privateMemory); err != nil {
				return err
			}
		}
		b.figures.number("idle.private_mib", private.percentile(50))
		b.figures.number("idle.disk_mib", disk.percentile(50))
		b.figures.number("idle.cpu_percent", processor.percentile(50))
		b.figures.number("idle.private_after_job_mib", afterJob.percentile(50))
		return nil
	})
}

func measureInto[T any](into *samples, subject T, measure func(T) (float64, error)) error {
	value, err := measure(subject)
	*into = append(*into, value)
	return err
}

// withGroup opens a group for the work and gives everything back after it, whether it succeeded or not.
func (b *bench) withGroup(ctx context.Context, config pluginConfig, work func(*benchGroup) error) error {
	g, err := openBenchGroup(ctx, b.plugin, config)
	if err != nil {
		return err
	}
	err = sleepUntil(ctx, time.Now().Add(openRest))
	if err == nil {
		err = work(g)
	}
	return firstError(err, g.close())
}
