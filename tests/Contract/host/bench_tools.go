package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// slots measures how long it takes to make network slots, the first ones and those beside which 240 others exist.
func (b *bench) slots(ctx context.Context) error {
	const count, around = 250, 10
	command := exec.CommandContext(ctx, b.tools, "slots", fmt.Sprint(count), b.config.text("state_directory"))
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return fmt.Errorf("%s slots: %w: %s", b.tools, err, tailOf(string(output)))
	}
	var times samples
	for _, line := range strings.Fields(string(output)) {
		ms, err := strconv.ParseFloat(line, 64)
		if err != nil {
			return err
		}
		times = append(times, ms)
	}
	if len(times) != count {
		return fmt.Errorf("%s slots: %d times instead of %d", b.tools, len(times), count)
	}
	b.figures.times("slot_ms.1", times[:around])
	b.figures.times("slot_ms.250", times[count-around:])
	return nil
}

// allocations measures what the whole plugin process allocates for one Update. Only its own runtime knows that, so a build
// of it runs here that writes the sum to a file whenever it gets a signal; everything else is the plugin.
func (b *bench) allocations(ctx context.Context) error {
	const updates = 500
	path := filepath.Join(b.config.text("state_directory"), "allocated")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	os.Setenv("VMPOOL_BENCH_ALLOCATED", path)
	defer os.Unsetenv("VMPOOL_BENCH_ALLOCATED")
	for _, count := range []int{10, 200, 1000} {
		session, _, err := openSimulated(ctx, b.tools, b.simulatedConfig("alloc", count), count)
		if err != nil {
			return err
		}
		perCall, err := allocatedPerUpdate(ctx, session, path, updates)
		session.client.Kill()
		if err != nil {
			return err
		}
		b.figures.number(fmt.Sprintf("plugin.allocated_bytes_per_update.%d", count), perCall)
	}
	return nil
}

func allocatedPerUpdate(ctx context.Context, session *Session, path string, updates int) (float64, error) {
	var sums [2]float64
	// The first round only warms up.
	for round := 0; round < 2; round++ {
		for i := range sums {
			sum, err := allocatedSoFar(ctx, session.pid(), path)
			if err != nil {
				return 0, err
			}
			sums[i] = sum
			for call := 0; i == 0 && call < updates; call++ {
				if _, err := session.Group.Update(ctx); err != nil {
					return 0, err
				}
			}
		}
	}
	return (sums[1] - sums[0]) / float64(updates), nil
}

func allocatedSoFar(ctx context.Context, pid int, path string) (float64, error) {
	if err := os.RemoveAll(path); err != nil {
		return 0, err
	}
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		return 0, err
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		if text, err := os.ReadFile(path); err == nil {
			return strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
		}
	}
	return 0, fmt.Errorf("the plugin did not write %s within 10 s after a signal", path)
}
