package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// spares measures instances that were waiting before they were asked for.
func (b *bench) spares(ctx context.Context, config pluginConfig) error {
	return b.withGroup(ctx, config, func(g *benchGroup) error {
		for i := 0; i < b.plan.clonesPerRound; i++ {
			if err := g.waitForSpare(ctx); err != nil {
				return err
			}
			// What made the spare has to come to rest too.
			if err := sleepUntil(ctx, time.Now().Add(breather)); err != nil {
				return err
			}
			machines, err := g.start(ctx, 1, sparePoll, false)
			if err != nil {
				return err
			}
			m := machines[0]
			b.sample("spare.running_ms", m.running)
			b.sample("spare.job_ms", m.job)
			b.timeline("spare").add([]timelineEntry{
				{"seen", milliseconds(m.running)}, {"login", milliseconds(m.loggedIn - m.running)}, {"job", milliseconds(m.job - m.loggedIn)},
			})
			if _, err := g.end(ctx, machines); err != nil {
				return err
			}
		}
		return nil
	})
}

// waitForSpare returns when there is a record of a finished instance although none was handed out: Update, which is all
// that the runner sees, does not list spares.
func (g *benchGroup) waitForSpare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		paths, err := filepath.Glob(filepath.Join(g.stateDir, "groups", g.name, "instances", "*.json"))
		if err != nil {
			return err
		}
		for _, path := range paths {
			record, err := g.readRecord(strings.TrimSuffix(filepath.Base(path), ".json"))
			if err != nil {
				continue // It is just being replaced or removed.
			}
			if _, ready := (&machine{record: record}).since("warm"); ready {
				return nil
			}
		}
		if err := sleepUntil(ctx, time.Now().Add(20*time.Millisecond)); err != nil {
			return fmt.Errorf("no spare was ready: %w", err)
		}
	}
}
