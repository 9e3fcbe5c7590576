package main

import "fmt"

// goal is one line of what must hold.
type goal struct {
	figure string
	text   string
	// atLeast turns the bound from an upper into a lower one.
	atLeast bool
	bound   float64
	unit    string
}

// The promises of the clone path on two cores under TCG, on a quiet machine.
var goals = []goal{
	{figure: "clone.n1.cont_ms", text: "clone: accepted to running CPUs", bound: 100, unit: "ms"},
	{figure: "clone.n1.identity_ms", text: "clone: identity", bound: 200, unit: "ms"},
	{figure: "clone.n1.running_ms", text: "clone: Increase to running", bound: 450, unit: "ms"},
	{figure: "clone.n1.job_ms", text: "clone: Increase to first job command finished", bound: 1100, unit: "ms"},
	{figure: "clone.n1.job_ms.p95", text: "the same, 95th percentile", bound: 1300, unit: "ms"},
	{figure: "clone.n10.first_ms", text: "10 clones at once: first job command of the first", bound: 1300, unit: "ms"},
	{figure: "clone.n10.last_ms", text: "10 clones at once: first job command of the last", bound: 6000, unit: "ms"},
	{figure: "spare.running_ms", text: "spare: Increase to running", bound: 20, unit: "ms"},
	{figure: "ratio.running", text: "copy+boot to clone: running", atLeast: true, bound: 60, unit: "×"},
	{figure: "ratio.job", text: "copy+boot to clone: first job command", atLeast: true, bound: 42, unit: "×"},
	{figure: "idle.private_mib", text: "idle clone: private memory", bound: 90, unit: "MiB"},
	{figure: "idle.disk_mib", text: "idle clone: disk", bound: 3, unit: "MiB"},
	{figure: "teardown_ms", text: "Decrease to process and namespace gone", bound: 60, unit: "ms"},
	{figure: "plugin.handshake_ratio", text: "handshake, times that of a plugin in Go", bound: 2.5, unit: "×"},
	{figure: "plugin.update_ms.200", text: "Update of 200 instances", bound: 2, unit: "ms"},
	{figure: "plugin.update_ms.1000", text: "Update of 1,000 instances", bound: 5, unit: "ms"},
	{figure: "template.files_changed", text: "template files changed by the whole run", bound: 0, unit: "files"},
	{figure: "flat.ratio", text: "clone number 200 in a row, times clone number 5", bound: 1, unit: "×"},
}

// verdict compares the goal with what was measured.
func (g goal) verdict(f figures) string {
	value, measured := f.value(g.figure)
	switch {
	case !measured:
		return "not measured"
	case g.atLeast == (value >= g.bound) || value == g.bound:
		return "met"
	default:
		return "MISSED"
	}
}

func (g goal) boundText() string {
	relation := "≤"
	if g.atLeast {
		relation = "≥"
	}
	return fmt.Sprintf("%s %s %s", relation, plainNumber(g.bound), g.unit)
}

func (g goal) valueText(f figures) string {
	value, measured := f.value(g.figure)
	if !measured {
		return "–"
	}
	return fmt.Sprintf("%s %s", plainNumber(value), g.unit)
}

// plainNumber has no exponent and no zeros that say nothing.
func plainNumber(value float64) string { return fmt.Sprintf("%.10g", value) }
