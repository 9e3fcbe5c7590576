package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/ssh"
)

// benchGroup is a plugin that serves one group of real machines, and the clock beside it.
type benchGroup struct {
	session  *Session
	stateDir string
	name     string
}

// machine is one instance while it is measured: when what was finished, counted from the call of Increase.
type machine struct {
	record instanceRecord
	// running is when an Update said so first.
	running, loggedIn, job time.Duration
}

// instanceRecord is what we read of the plugin's own record of an instance. `status --json` tells the same, but a process
// started in the middle of a measurement would be measured too.
type instanceRecord struct {
	instanceStatus
	Directory   string `json:"directory"`
	TemplateKey string `json:"template_key"`
}

// openBenchGroup launches the plugin as the runner does; on error it is gone.
func openBenchGroup(ctx context.Context, plugin string, config pluginConfig) (*benchGroup, error) {
	session, err := startPlugin(sessionOptions{plugin: plugin, autoMTLS: true, onRecord: sayTrouble})
	if err != nil {
		return nil, err
	}
	if _, err := session.Group.Init(ctx, config.json(), Settings{Timeout: 10 * time.Minute}); err != nil {
		session.client.Kill()
		return nil, fmt.Errorf("Init: %s", errorText(err))
	}
	return &benchGroup{session: session, stateDir: config.text("state_directory"), name: config.text("name")}, nil
}

// sayTrouble shows what an operator would have to look at; what is normal would drown the results.
func sayTrouble(r Record) {
	if r.Level == "error" || r.Level == "warn" {
		sayRecord(r)
	}
}

// start asks for count instances at once and polls Update until all of them run; each has its first job at once, unless
// idle says that nobody shall log in. The logins last until all the first jobs are done. Every host polls while it waits, so what polling costs is in the figures.
func (g *benchGroup) start(ctx context.Context, count int, poll time.Duration, idle bool) ([]*machine, error) {
	begin := time.Now()
	accepted, err := g.session.Group.Increase(ctx, count)
	if err != nil || accepted != count {
		return nil, fmt.Errorf("Increase(%d) accepted %d: %s", count, accepted, errorText(err))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	machines := map[string]*machine{}
	jobs := make(chan error, count)
	for next := begin.Add(poll); ; next = next.Add(poll) {
		listed, err := g.session.Group.Update(ctx)
		seen := time.Since(begin)
		if err != nil {
			return nil, fmt.Errorf("Update: %s", errorText(err))
		}
		for _, instance := range listed {
			switch {
			case instance.State == stateRunning && machines[instance.ID] == nil:
				m := &machine{running: seen}
				machines[instance.ID] = m
				go func(id string) {
					connection, err := g.firstJob(ctx, id, m, begin, idle)
					jobs <- err
					if connection != nil {
						// A job goes on after its first command; what the end of a login costs belongs to nobody's start.
						<-ctx.Done()
						connection.Close()
					}
				}(instance.ID)
			case instance.State == stateDeleting || instance.State == stateDeleted:
				return nil, fmt.Errorf("instance %s is %s: it could not be created", instance.ID, instance.State)
			}
		}
		if len(machines) == count {
			break
		}
		if err := sleepUntil(ctx, next); err != nil {
			return nil, fmt.Errorf("%d of %d instances were running: %w", len(machines), count, err)
		}
		if late := time.Now(); next.Before(late) {
			next = late // A poll that took longer than its interval is not caught up on.
		}
	}
	var all []*machine
	for _, m := range machines {
		all = append(all, m)
	}
	for range all {
		if err := <-jobs; err != nil {
			return all, err
		}
	}
	return all, nil
}

// firstJob logs in as the runner does, to the host key of this very machine only, and runs one command. The connection, if
// there is one, is the caller's.
func (g *benchGroup) firstJob(ctx context.Context, id string, m *machine, begin time.Time, idle bool) (connection io.Closer, err error) {
	m.record, err = g.readRecord(id)
	if err != nil || idle {
		return nil, err
	}
	connection, loggedIn, err := g.runTrue(ctx, m.record)
	m.loggedIn, m.job = loggedIn.Sub(begin), time.Since(begin)
	return connection, err
}

func (g *benchGroup) runTrue(ctx context.Context, record instanceRecord) (connection io.Closer, loggedIn time.Time, err error) {
	info, err := g.session.Group.ConnectInfo(ctx, record.ID)
	if err != nil {
		return nil, loggedIn, fmt.Errorf("ConnectInfo(%s): %s", record.ID, errorText(err))
	}
	return runTrue(ctx, info, record.HostKey)
}

// runTrue is the smallest job there is. The connection is the caller's, and nil on error.
func runTrue(ctx context.Context, info ConnectInfo, hostKey string) (connection io.Closer, loggedIn time.Time, err error) {
	client, err := login(ctx, info, hostKey)
	if err != nil {
		return nil, loggedIn, err
	}
	loggedIn = time.Now()
	if err := runCommand(client, "true"); err != nil {
		client.Close()
		return nil, loggedIn, err
	}
	return client, loggedIn, nil
}

func runCommand(client *ssh.Client, command string) error {
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	defer session.Close()
	return session.Run(command)
}

func (g *benchGroup) readRecord(id string) (instanceRecord, error) {
	var record instanceRecord
	text, err := os.ReadFile(filepath.Join(g.stateDir, "groups", g.name, "instances", id+".json"))
	if err != nil {
		return record, err
	}
	return record, json.Unmarshal(text, &record)
}

// end deletes the machines and returns when Update shows none of them any more, and neither process nor network namespace
// is there.
func (g *benchGroup) end(ctx context.Context, machines []*machine) (time.Duration, error) {
	var ids []string
	for _, m := range machines {
		ids = append(ids, m.record.ID)
	}
	begin := time.Now()
	if _, err := g.session.Group.Decrease(ctx, ids); err != nil {
		return 0, fmt.Errorf("Decrease: %s", errorText(err))
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		listed, err := g.session.Group.Update(ctx)
		if err != nil {
			return 0, fmt.Errorf("Update: %s", errorText(err))
		}
		left := 0
		for _, instance := range listed {
			if instance.State != stateDeleted {
				left++
			}
		}
		for _, m := range machines {
			if m.isThere() {
				left++
			}
		}
		if left == 0 {
			return time.Since(begin), nil
		}
		if err := sleepUntil(ctx, time.Now().Add(fastPoll)); err != nil {
			return 0, fmt.Errorf("%d instances, processes or namespaces were still there after Decrease: %w", left, err)
		}
	}
}

func (m *machine) isThere() bool {
	_, process := os.Stat(fmt.Sprintf("/proc/%d", m.record.Pid))
	_, namespace := os.Stat("/run/netns/vmpool-" + m.record.Address)
	return process == nil || namespace == nil
}

// close ends the plugin as the runner does, whatever ctx thinks.
func (g *benchGroup) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	listed, err := g.session.Group.Update(ctx)
	if err == nil && len(listed) > 0 {
		var left []*machine
		for _, instance := range listed {
			record, _ := g.readRecord(instance.ID) // Without a record Update alone tells whether it is gone.
			record.ID = instance.ID
			left = append(left, &machine{record: record})
		}
		_, err = g.end(ctx, left)
	}
	err = firstError(err, g.session.Group.Shutdown(ctx))
	g.session.kill()
	return err
}

func sleepUntil(ctx context.Context, when time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(when)):
		return nil
	}
}
