package main

import (
	"context"
	"flag"
	"os"
	"time"
)

// runUpdate measures Update over simulated instances, in whatever contract this program speaks.
func runUpdate(args []string) error {
	flags := flag.NewFlagSet("update", flag.ExitOnError)
	path := flags.String("plugin", "", "plugin executable")
	count := flags.Int("instances", 1000, "simulated instances")
	calls := flags.Int("n", 100, "measured calls")
	flags.Parse(args)

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	state, err := os.MkdirTemp("", "vmpool-update-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(state)
	session, _, err := openSimulated(ctx, *path, simulatedGroup("update", state), *count)
	if err != nil {
		return err
	}
	defer session.client.Kill()
	times, err := callTimes(*calls, func(int) error { _, err := session.Group.Update(ctx); return err })
	if err != nil {
		return err
	}
	emit(map[string]interface{}{
		"measure": "update", "contract": wire.service, "instances": *count, "n": *calls,
		"median_ms": times.percentile(50), "p95_ms": times.percentile(95),
	})
	return session.Group.Shutdown(ctx)
}
