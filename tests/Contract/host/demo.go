package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// demo is the main job: a group gets real machines, each runs one CI job and is given back.
type demo struct {
	plugin     string
	configFile string
	count      int
	out        string
	repository string
	artifact   string
	refused    repeatedFlag
	session    *Session
	instances  map[string]*demoInstance
}

// demoInstance is what the demo knows of one instance. While its job runs, accepted and timeline belong to the job.
type demoInstance struct {
	id      string
	state   string
	working bool
	// hypervisor is known once the job has asked the plugin's status.
	hypervisor string
	accepted   time.Time
	timeline   []timelineEntry
}

type jobOutcome struct {
	id  string
	err error
}

func runDemo(args []string) error {
	d, flags := newDemo("demo")
	flags.IntVar(&d.count, "count", 2, "instances, one job each; 0 only deletes what the group still has")
	flags.StringVar(&d.out, "out", "timeline.json", "where the timeline goes")
	return d.runWith(flags, args, d.run)
}

// newDemo has what all stories of real machines are told about.
func newDemo(command string) (*demo, *flag.FlagSet) {
	flags := flag.NewFlagSet(command, flag.ExitOnError)
	d := &demo{instances: map[string]*demoInstance{}}
	flags.StringVar(&d.plugin, "plugin", "", "plugin executable")
	flags.StringVar(&d.configFile, "config", "", "config.toml with the plugin_config")
	flags.StringVar(&d.repository, "repository", "", "URL of the project, as the guests reach it")
	flags.StringVar(&d.artifact, "artifact-sha256", "", "what the job's artifact must be")
	flags.Var(&d.refused, "refused", "address:port that we reach and no guest may; may be repeated")
	return d, flags
}

// runWith ends the story at its deadline or with the first signal that asks us to end.
func (d *demo) runWith(flags *flag.FlagSet, args []string, story func(context.Context) error) error {
	deadline := flags.Duration("deadline", 20*time.Minute, "for everything")
	flags.Parse(args)

	ctx, cancel := context.WithTimeout(context.Background(), *deadline)
	defer cancel()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	return story(ctx)
}

func (d *demo) run(ctx context.Context) error {
	if err := d.open(ctx); err != nil {
		return err
	}
	defer d.session.client.Kill()
	var jobs error
	if d.count > 0 {
		jobs = d.work(ctx)
	}
	if err := d.close(jobs); err != nil || d.count == 0 {
		return err
	}
	return d.writeTimeline()
}

// open launches a plugin and initialises the group; on error the plugin is gone.
func (d *demo) open(ctx context.Context) error {
	config, err := readRunnerConfig(d.configFile)
	if err != nil {
		return err
	}
	d.session, err = startPlugin(sessionOptions{plugin: d.plugin, autoMTLS: true, onRecord: sayRecord})
	if err != nil {
		return err
	}
	provider, err := d.session.Group.Init(ctx, config.json(), Settings{Timeout: 10 * time.Minute})
	if err != nil {
		d.session.client.Kill()
		return fmt.Errorf("Init: %s", errorText(err))
	}
	say("== group %s, at most %d instances, plugin %s", provider.ID, provider.MaxSize, provider.Version)
	return nil
}

// close gives everything back, whether the work on it succeeded or not, and even when the deadline is what ended it.
func (d *demo) close(work error) error {
	back, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	returned := d.giveBack(back)
	if err := firstError(work, returned); err != nil {
		return err
	}
	if err := d.session.Group.Shutdown(back); err != nil {
		return fmt.Errorf("Shutdown: %s", errorText(err))
	}
	if took, graceful := d.session.kill(); !graceful {
		return fmt.Errorf("the plugin did not end by itself (%v)", took)
	}
	return nil
}

// work asks for the instances and runs a job in each as soon as it runs.
func (d *demo) work(ctx context.Context) error {
	accepted, err := d.session.Group.Increase(ctx, d.count)
	if err != nil || accepted != d.count {
		return fmt.Errorf("Increase(%d) accepted %d: %s", d.count, accepted, errorText(err))
	}
	outcomes := make(chan jobOutcome, d.count)
	// Jobs end with the demo: a failure of one stops the others, and nobody looks at an instance while its job runs.
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	done := 0
	for done < d.count {
		if err := d.poll(ctx); err != nil {
			return err
		}
		for _, instance := range d.instances {
			switch {
			case instance.state == stateRunning && !instance.working:
				instance.working = true
				running.Add(1)
				go func(instance *demoInstance) {
					defer running.Done()
					outcomes <- jobOutcome{instance.id, d.job(ctx, instance)}
				}(instance)
			case !instance.working && instance.state != stateCreating && instance.state != stateRunning:
				return fmt.Errorf("instance %s is %s: it could not be created (the plugin's log above says why)", instance.id, instance.state)
			}
		}
		select {
		case outcome := <-outcomes:
			if outcome.err != nil {
				return fmt.Errorf("job on %s: %w", outcome.id, outcome.err)
			}
			done++
		case <-ctx.Done():
			return fmt.Errorf("%d of %d jobs were done when the demo was ended: %w", done, d.count, ctx.Err())
		case <-time.After(250 * time.Millisecond):
		}
	}
	// All machines still run: the moment to look what each can reach.
	return d.checkIsolation(ctx)
}

// poll is one Update, as the runner does it while it expects something.
func (d *demo) poll(ctx context.Context) error {
	listed, err := d.session.Group.Update(ctx)
	if err != nil {
		return fmt.Errorf("Update: %s", errorText(err))
	}
	seen := map[string]bool{}
	for _, each := range listed {
		seen[each.ID] = true
		instance, known := d.instances[each.ID]
		if !known {
			instance = &demoInstance{id: each.ID}
			d.instances[each.ID] = instance
		}
		if instance.state != each.State {
			say("== %s is %s", each.ID, each.State)
			instance.state = each.State
		}
	}
	for id, instance := range d.instances {
		if !seen[id] {
			instance.state = stateDeleted
		}
	}
	return nil
}

// giveBack deletes all instances and waits until Update shows none of them any more.
func (d *demo) giveBack(ctx context.Context) error {
	if err := d.poll(ctx); err != nil {
		return err
	}
	var ids []string
	for id := range d.instances {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil
	}
	accepted, err := d.session.Group.Decrease(ctx, ids)
	if err != nil || len(accepted) != len(ids) {
		return fmt.Errorf("Decrease(%s) accepted %v: %s", strings.Join(ids, " "), accepted, errorText(err))
	}
	waiting := len(ids)
	gone := map[string]bool{}
	for waiting > 0 {
		if err := d.poll(ctx); err != nil {
			return err
		}
		for id, instance := range d.instances {
			if instance.state == stateDeleted && !gone[id] {
				gone[id] = true
				waiting--
				instance.mark("deleted")
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d instances were still there 2 minutes after Decrease", waiting)
		case <-time.After(250 * time.Millisecond):
		}
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
