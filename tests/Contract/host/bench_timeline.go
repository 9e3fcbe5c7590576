package main

import (
	"os/exec"
	"strconv"
	"strings"
)

// timeline collects how long each step of a method took, in the order in which they happen.
type timeline struct {
	names []string
	times map[string]*samples
}

// stepMedian is one step in the results.
type stepMedian struct {
	Step string  `json:"step"`
	Ms   float64 `json:"ms"`
}

func (t *timeline) add(steps []timelineEntry) {
	if t.times == nil {
		t.times = map[string]*samples{}
	}
	for _, step := range steps {
		if t.times[step.Step] == nil {
			t.names = append(t.names, step.Step)
			t.times[step.Step] = &samples{}
		}
		*t.times[step.Step] = append(*t.times[step.Step], step.Ms)
	}
}

func (t *timeline) medians() []stepMedian {
	var result []stepMedian
	for _, name := range t.names {
		result = append(result, stepMedian{name, rounded(t.times[name].percentile(50))})
	}
	return result
}

// durations turns the record's times since acceptance into how long each step took, and adds what only the host sees: until
// its Update told it, the login, the command.
func (m *machine) durations() []timelineEntry {
	var steps []timelineEntry
	last := 0.0
	for _, entry := range m.record.Timeline {
		if entry.Step != "accepted" {
			steps = append(steps, timelineEntry{entry.Step, entry.Ms - last})
		}
		last = entry.Ms
	}
	return append(steps, timelineEntry{"seen", milliseconds(m.running) - last},
		timelineEntry{"login", milliseconds(m.loggedIn - m.running)}, timelineEntry{"job", milliseconds(m.job - m.loggedIn)})
}

// since is when a step was finished, counted from acceptance.
func (m *machine) since(step string) (float64, bool) {
	for _, entry := range m.record.Timeline {
		if entry.Step == step {
			return entry.Ms, true
		}
	}
	return 0, false
}

func memoryGiB() float64 {
	kib, _ := strconv.ParseFloat(strings.TrimSuffix(procField("/proc/meminfo", "MemTotal"), " kB"), 64)
	return kib / mebibyte
}

func hypervisorVersion() string {
	output, err := exec.Command("qemu-system-x86_64", "--version").Output()
	if err != nil {
		return err.Error()
	}
	return strings.SplitN(strings.TrimPrefix(string(output), "QEMU emulator version "), " ", 2)[0]
}
