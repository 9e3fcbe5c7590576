package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// crashFacts is what the host of a killed plugin knew at that moment.
type crashFacts struct {
	Running instanceStatus `json:"running"`
	// Key is the running instance's private login key.
	Key      []byte         `json:"key"`
	HalfMade instanceStatus `json:"half_made"`
}

// runCrash works until one machine runs and another boots, kills the plugin as a crash would, and tells what there was.
func runCrash(args []string) error {
	d, flags := newDemo("crash")
	flags.IntVar(&d.count, "count", 2, "instances to ask for")
	return d.runWith(flags, args, func(ctx context.Context) error {
		if err := d.open(ctx); err != nil {
			return err
		}
		defer d.session.client.Kill()
		facts, err := d.workUntilHalfMade(ctx)
		if err != nil {
			return d.close(err)
		}
		emit(facts)
		say("== SIGKILL to plugin %d", d.session.pid())
		if err := syscall.Kill(d.session.pid(), syscall.SIGKILL); err != nil {
			return fmt.Errorf("killing the plugin: %w", err)
		}
		socket := d.session.socket()
		err = until(ctx, time.Minute, "the killed plugin was gone", func() (bool, error) { return d.session.client.Exited(), nil })
		if err != nil {
			return err
		}
		return removeRemains(socket, d.session.pid())
	})
}

// removeRemains takes away what no killed process can: its socket (a plugin in Go leaves it too) and what its runtime keeps
// in the temporary directory for debuggers. Whatever else is left is a leak.
func removeRemains(socket string, pid int) error {
	paths := []string{socket}
	if directory := filepath.Dir(socket); directory != filepath.Clean(os.TempDir()) {
		paths = append(paths, directory)
	}
	for _, pattern := range []string{"clr-debug-pipe-%d-*", "dotnet-diagnostic-%d-*"} {
		found, err := filepath.Glob(filepath.Join(os.TempDir(), fmt.Sprintf(pattern, pid)))
		if err != nil {
			return err
		}
		paths = append(paths, found...)
	}
	for _, path := range paths {
		// Never a whole tree: what stands beside the socket is not ours to remove.
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (d *demo) workUntilHalfMade(ctx context.Context) (crashFacts, error) {
	var facts crashFacts
	accepted, err := d.session.Group.Increase(ctx, d.count)
	if err != nil || accepted != d.count {
		return facts, fmt.Errorf("Increase(%d) accepted %d: %s", d.count, accepted, errorText(err))
	}
	err = until(ctx, 15*time.Minute, "one instance ran and another had a machine that boots", func() (bool, error) {
		if err := d.poll(ctx); err != nil {
			return false, err
		}
		instances, _, err := d.readAllStatus(ctx)
		if err != nil {
			return false, err
		}
		facts = crashFacts{}
		for _, instance := range instances {
			switch {
			// Its record may be a moment ahead of the Update before it.
			case instance.State == stateRunning && (d.instances[instance.ID] == nil || d.instances[instance.ID].state != stateRunning):
			case instance.State == stateRunning:
				facts.Running = instance
			case instance.State == stateCreating && instance.Pid != 0:
				facts.HalfMade = instance
			case instance.State != stateCreating:
				return false, fmt.Errorf("instance %s is %s (the plugin's log above says why)", instance.ID, instance.State)
			}
		}
		return facts.Running.ID != "" && facts.HalfMade.ID != "", nil
	})
	if err != nil {
		return facts, err
	}
	info, err := d.session.Group.ConnectInfo(ctx, facts.Running.ID)
	if err != nil {
		return facts, fmt.Errorf("ConnectInfo: %s", errorText(err))
	}
	facts.Key = info.Key
	return facts, nil
}

// until polls a condition; an error ends the wait at once.
func until(ctx context.Context, limit time.Duration, what string, condition func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		met, err := condition()
		if met || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s: %w", what, ctx.Err())
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// lives tells whether a process exists; one that only waits to be reaped does not.
func lives(pid int) (bool, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	// The state follows the program's name, which stands in parentheses and may hold anything.
	return !bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" Z")), nil
}
