package main

import (
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"strings"
	"time"
)

// samples are measured times in milliseconds.
type samples []float64

func (s *samples) add(d time.Duration) { *s = append(*s, milliseconds(d)) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// percentile is the smallest sample that at least that share of all samples does not exceed; the 50th is the median.
func (s samples) percentile(share float64) float64 {
	sorted := append(samples(nil), s...)
	sort.Float64s(sorted)
	if share == 50 {
		return median(sorted)
	}
	rank := int(math.Ceil(share / 100 * float64(len(sorted))))
	if rank < 1 {
		rank = 1
	}
	return sorted[rank-1]
}

// summary is how times are reported.
type summary struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	N   int     `json:"n"`
}

func (s samples) summary() summary {
	return summary{P50: rounded(s.percentile(50)), P95: rounded(s.percentile(95)), N: len(s)}
}

// Three digits are more than any of these measurements can tell.
func rounded(value float64) float64 {
	if value == 0 || math.IsNaN(value) || math.IsInf(value, 0) {
		return 0
	}
	scale := math.Pow(10, 3-math.Ceil(math.Log10(math.Abs(value))))
	if scale < 1 {
		scale = 1
	}
	return math.Round(value*scale) / scale
}

// figures are all results of a run by dotted name, as bench.json nests them: "clone.n1.job_ms".
type figures map[string]interface{}

// times stores the summary of samples; without any there is no figure.
func (f figures) times(name string, s samples) {
	if len(s) > 0 {
		f[name] = s.summary()
	}
}

// number stores a plain value.
func (f figures) number(name string, value float64) { f[name] = rounded(value) }

// value is a figure as one number: for times the median, or the 95th percentile if the name ends in ".p95".
func (f figures) value(name string) (float64, bool) {
	figure, found := f[strings.TrimSuffix(strings.TrimSuffix(name, ".p95"), ".p50")]
	switch figure := figure.(type) {
	case summary:
		if strings.HasSuffix(name, ".p95") {
			return figure.P95, true
		}
		return figure.P50, true
	case float64:
		return figure, found
	}
	return 0, false
}

// ratio stores one figure divided by another, if both were measured.
func (f figures) ratio(name, dividend, divisor string) {
	above, hasAbove := f.value(dividend)
	below, hasBelow := f.value(divisor)
	if hasAbove && hasBelow && below > 0 {
		f.number(name, above/below)
	}
}

// nested turns dotted names into objects within objects.
func (f figures) nested() map[string]interface{} {
	root := map[string]interface{}{}
	for name, value := range f {
		parts := strings.Split(name, ".")
		object := root
		for _, part := range parts[:len(parts)-1] {
			next, found := object[part].(map[string]interface{})
			if !found {
				next = map[string]interface{}{}
				object[part] = next
			}
			object = next
		}
		object[parts[len(parts)-1]] = value
	}
	return root
}

// readFigures is the inverse of nested, for reports made of an earlier run's file.
func readFigures(text []byte) (figures, error) {
	var root map[string]interface{}
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("not a bench.json: %w", err)
	}
	f := figures{}
	f.flatten("", root)
	return f, nil
}

func (f figures) flatten(prefix string, object map[string]interface{}) {
	for key, value := range object {
		name := prefix + key
		switch value := value.(type) {
		case map[string]interface{}:
			p50, isSummary := value["p50"].(float64)
			if !isSummary {
				f.flatten(name+".", value)
				continue
			}
			p95, _ := value["p95"].(float64)
			n, _ := value["n"].(float64)
			f[name] = summary{P50: p50, P95: p95, N: int(n)}
		default:
			f[name] = value
		}
	}
}
