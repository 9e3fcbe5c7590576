package main

import (
	"fmt"
	"sort"
	"strings"
)

// times2 is median and 95th percentile, in seconds where they are long.
func (f figures) times2(name string) string {
	times, measured := f[name].(summary)
	if !measured {
		return "–"
	}
	return durationText(times.P50) + " / " + durationText(times.P95)
}

func (f figures) seconds(name string) string {
	ms, measured := f.value(name)
	if !measured {
		return "–"
	}
	return durationText(ms)
}

func durationText(ms float64) string {
	switch {
	case ms < 100:
		return fmt.Sprintf("%.3g ms", ms)
	case ms < 10_000:
		return fmt.Sprintf("%.2f s", ms/1000)
	default:
		return fmt.Sprintf("%.1f s", ms/1000)
	}
}

func (f figures) plain(name string) string {
	switch figure := f[name].(type) {
	case summary:
		return fmt.Sprintf("%s / %s (n = %d)", plainNumber(figure.P50), plainNumber(figure.P95), figure.N)
	case float64:
		return plainNumber(figure)
	default:
		return fmt.Sprint(figure)
	}
}

// texts is a figure that is a list of texts.
func (f figures) texts(name string) []string {
	var texts []string
	list, _ := f[name].([]interface{})
	for _, each := range list {
		texts = append(texts, fmt.Sprint(each))
	}
	return texts
}

// timeline is a method's steps as the file has them.
func (f figures) timeline(method string) []stepMedian {
	var steps []stepMedian
	list, _ := f["timeline."+method].([]interface{})
	for _, each := range list {
		entry, _ := each.(map[string]interface{})
		name, _ := entry["step"].(string)
		ms, _ := entry["ms"].(float64)
		steps = append(steps, stepMedian{name, ms})
	}
	return steps
}

// sortedNames sorts numbers within names as numbers.
func sortedNames(names []string) []string {
	key := func(name string) string {
		parts := strings.Split(name, ".")
		for i, part := range parts {
			if part != "" && strings.Trim(part, "0123456789") == "" {
				parts[i] = fmt.Sprintf("%08s", part)
			}
		}
		return strings.Join(parts, ".")
	}
	sort.Slice(names, func(i, k int) bool { return key(names[i]) < key(names[k]) })
	return names
}
