package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// runRecovery tells what becomes of real machines when the plugin is killed: one that ran goes on, under the same id and
// with the same key; one that was half made goes completely, by `gc` or by the next start.
func runRecovery(args []string) error {
	d, flags := newDemo("recovery")
	return d.runWith(flags, args, d.recover)
}

func (d *demo) recover(ctx context.Context) error {
	note := func(text string) { say("\n== recovery: %s", text) }
	note("first crash, then gc")
	first, err := d.crash(ctx, 2)
	if err != nil {
		return err
	}
	if err := d.checkSurvivor(ctx, first.Running); err != nil {
		return err
	}
	if err := d.collect(ctx); err != nil {
		return err
	}
	if err := d.checkGone(first.HalfMade); err != nil {
		return fmt.Errorf("after gc: %w", err)
	}
	if err := d.checkSurvivor(ctx, first.Running); err != nil {
		return fmt.Errorf("after gc: %w", err)
	}

	note("second crash, of the plugin that adopted the machine")
	second, err := d.crash(ctx, 1)
	if err != nil {
		return err
	}
	if err := same(first, second); err != nil {
		return err
	}

	note("a new plugin")
	if err := d.open(ctx); err != nil {
		return err
	}
	defer d.session.client.Kill()
	if err := d.close(d.goOn(ctx, second)); err != nil {
		return err
	}
	for _, instance := range []instanceStatus{second.Running, second.HalfMade} {
		if err := d.checkGone(instance); err != nil {
			return fmt.Errorf("in the end: %w", err)
		}
	}
	return nil
}

// crash lets a host of its own, which ends with its plugin, run into a crash.
func (d *demo) crash(ctx context.Context, count int) (crashFacts, error) {
	var facts crashFacts
	program, err := os.Executable()
	if err != nil {
		return facts, err
	}
	command := exec.CommandContext(ctx, program, "crash", "-plugin", d.plugin, "-config", d.configFile, "-count", strconv.Itoa(count))
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return facts, fmt.Errorf("the host that was to crash: %w", err)
	}
	return facts, json.Unmarshal(output, &facts)
}

func same(first, second crashFacts) error {
	if second.Running.ID != first.Running.ID || second.Running.Pid != first.Running.Pid || !bytes.Equal(second.Key, first.Key) {
		return fmt.Errorf("instance %s (pid %d) came back as %s (pid %d); same key: %v", first.Running.ID, first.Running.Pid,
			second.Running.ID, second.Running.Pid, bytes.Equal(second.Key, first.Key))
	}
	return nil
}

// goOn is the runner after a restart: the machine it had is there, and a job can run in it.
func (d *demo) goOn(ctx context.Context, facts crashFacts) error {
	err := until(ctx, 2*time.Minute, "only the adopted instance was listed", func() (bool, error) {
		if err := d.poll(ctx); err != nil {
			return false, err
		}
		for id, instance := range d.instances {
			switch {
			case id == facts.Running.ID && instance.state != stateRunning:
				return false, fmt.Errorf("the adopted instance %s is %s", id, instance.state)
			case id != facts.Running.ID && (instance.state == stateRunning || instance.state == stateCreating):
				return false, fmt.Errorf("Update lists %s as %s, but only %s survived", id, instance.state, facts.Running.ID)
			case instance.state == stateDeleted:
				delete(d.instances, id)
			}
		}
		return len(d.instances) == 1, nil
	})
	if err != nil {
		return err
	}
	// What is reclaimed is nobody's instance any more: Update never tells of it.
	var left error
	err = until(ctx, 2*time.Minute, "the half-made instance was removed", func() (bool, error) {
		left = d.checkGone(facts.HalfMade)
		return left == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%w (%v)", err, left)
	}
	instance, listed := d.instances[facts.Running.ID]
	if !listed {
		return fmt.Errorf("Update does not list %s", facts.Running.ID)
	}
	info, err := d.session.Group.ConnectInfo(ctx, instance.id)
	if err != nil {
		return fmt.Errorf("ConnectInfo: %s", errorText(err))
	}
	if !bytes.Equal(info.Key, facts.Key) {
		return fmt.Errorf("ConnectInfo of the adopted %s has another login key than before the crash", instance.id)
	}
	if err := d.job(ctx, instance); err != nil {
		return fmt.Errorf("job on the adopted %s: %w", instance.id, err)
	}
	return nil
}

// checkSurvivor looks at a machine whose plugin is dead.
func (d *demo) checkSurvivor(ctx context.Context, before instanceStatus) error {
	now, err := d.readStatus(ctx, before.ID)
	if err != nil {
		return err
	}
	if now.State != stateRunning || now.HostKey != before.HostKey || !strings.HasPrefix(now.HostKey, "ecdsa-sha2-nistp256 ") {
		return fmt.Errorf("status of %s: state %s, host_key %q; before the crash: running, %q", now.ID, now.State, now.HostKey, before.HostKey)
	}
	if alive, err := lives(before.Pid); err != nil || !alive {
		return fmt.Errorf("the machine of %s (pid %d) is gone: %v", before.ID, before.Pid, err)
	}
	return nil
}

func (d *demo) collect(ctx context.Context) error {
	config, err := readRunnerConfig(d.configFile)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, d.plugin, "gc", "--state-directory", config.text("state_directory"))
	command.Stderr = os.Stderr
	output, err := command.Output()
	say("gc: %s", bytes.TrimSpace(output))
	if err != nil {
		return fmt.Errorf("gc: %w", err)
	}
	wanted := fmt.Sprintf("group %s: 1 removed, 0 could not be removed, 1 running and kept", config.text("name"))
	if text := strings.TrimSpace(string(output)); text != wanted {
		return fmt.Errorf("gc said %q instead of %q", text, wanted)
	}
	return nil
}

// checkGone finds whatever of an instance is still there.
func (d *demo) checkGone(instance instanceStatus) error {
	config, err := readRunnerConfig(d.configFile)
	if err != nil {
		return err
	}
	group := filepath.Join("groups", config.text("name"))
	for _, path := range []string{
		filepath.Join(config.text("state_directory"), group, "instances", instance.ID+".json"),
		filepath.Join(config.text("vm_disk_directory"), group, instance.ID),
		filepath.Join("/run/netns", "vmpool-"+instance.Address),
	} {
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s of the removed %s is still there (%v)", path, instance.ID, err)
		}
	}
	if alive, err := lives(instance.Pid); err != nil || alive {
		return fmt.Errorf("the machine of the removed %s (pid %d) still lives: %v", instance.ID, instance.Pid, err)
	}
	return nil
}
