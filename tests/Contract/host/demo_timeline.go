package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"strings"
	"time"
)

// timelineEntry is one finished step and the time since the instance was accepted.
type timelineEntry struct {
	Step string  `json:"step"`
	Ms   float64 `json:"ms"`
}

// instanceStatus is what we read of one instance in `status --json`.
type instanceStatus struct {
	ID         string          `json:"id"`
	State      string          `json:"state"`
	Address    string          `json:"address"`
	Pid        int             `json:"pid"`
	Hypervisor string          `json:"hypervisor"`
	HostKey    string          `json:"host_key"`
	AcceptedAt time.Time       `json:"accepted_at"`
	Timeline   []timelineEntry `json:"timeline"`
}

// readStatus asks the plugin's command line, which reads the state directory beside the running plugin.
func (d *demo) readStatus(ctx context.Context, id string) (instanceStatus, error) {
	instances, text, err := d.readAllStatus(ctx)
	if err != nil {
		return instanceStatus{}, err
	}
	for _, instance := range instances {
		if instance.ID == id {
			return instance, nil
		}
	}
	return instanceStatus{}, fmt.Errorf("%s status --json does not list %s: %s", d.plugin, id, text)
}

// readAllStatus also returns the text itself.
func (d *demo) readAllStatus(ctx context.Context) ([]instanceStatus, []byte, error) {
	text, err := exec.CommandContext(ctx, d.plugin, "status", "--json", "--config", d.configFile).Output()
	if err != nil {
		detail := ""
		if exit, ok := err.(*exec.ExitError); ok {
			detail = strings.TrimSpace(string(exit.Stderr))
		}
		return nil, nil, fmt.Errorf("%s status --json: %w %s", d.plugin, err, detail)
	}
	var report struct {
		Instances []instanceStatus `json:"instances"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, nil, fmt.Errorf("%s status --json: %w", d.plugin, err)
	}
	return report.Instances, text, nil
}

// mark adds a step that only the host sees.
func (i *demoInstance) mark(step string) {
	if !i.accepted.IsZero() {
		i.timeline = append(i.timeline, timelineEntry{step, float64(time.Since(i.accepted).Microseconds()) / 1000})
	}
}

// writeTimeline prints the timeline of every instance and writes the file that reports are made from.
func (d *demo) writeTimeline() error {
	type instanceTimeline struct {
		ID       string          `json:"id"`
		Timeline []timelineEntry `json:"timeline"`
	}
	var instances []instanceTimeline
	hypervisor := ""
	for _, instance := range d.instances {
		hypervisor = instance.hypervisor
		instances = append(instances, instanceTimeline{instance.id, instance.timeline})
	}
	sort.Slice(instances, func(a, b int) bool { return instances[a].ID < instances[b].ID })
	say("\nTimeline (seconds since the instance was accepted, hypervisor %s)", hypervisor)
	for _, instance := range instances {
		var steps []string
		for _, entry := range instance.Timeline {
			steps = append(steps, fmt.Sprintf("%s %.2f", entry.Step, entry.Ms/1000))
		}
		say("  %s: %s", instance.ID, strings.Join(steps, ", "))
	}
	text, err := json.MarshalIndent(map[string]interface{}{
		"hypervisor": hypervisor, "machine": thisMachine(), "instances": instances,
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(d.out, append(text, '\n'), 0o644)
}

func thisMachine() map[string]interface{} {
	return map[string]interface{}{
		"cpus":      runtime.NumCPU(),
		"cpu":       procField("/proc/cpuinfo", "model name"),
		"memory":    procField("/proc/meminfo", "MemTotal"),
		"kernel":    firstLine("/proc/sys/kernel/osrelease"),
		"collected": time.Now().UTC().Format(time.RFC3339),
	}
}

func procField(path, name string) string {
	text, _ := os.ReadFile(path)
	for _, line := range strings.Split(string(text), "\n") {
		if parts := strings.SplitN(line, ":", 2); len(parts) == 2 && strings.TrimSpace(parts[0]) == name {
			return strings.TrimSpace(parts[1])
		}
	}
	return ""
}

func firstLine(path string) string {
	text, _ := os.ReadFile(path)
	return strings.SplitN(string(text), "\n", 2)[0]
}
