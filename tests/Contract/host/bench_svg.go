package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// drawing is an SVG under construction. Texts take their colour from the reader's light or dark scheme, everything else has
// colours that can be seen on both; there is no background.
type drawing struct{ strings.Builder }

const (
	pictureWidth = 860
	labelWidth   = 150
	barsWidth    = 600
	barHeight    = 24
	rowHeight    = 34
)

// phase groups steps that mean the same, whatever method they belong to.
type phase struct {
	name, colour string
	steps        []string
}

var phases = []phase{
	{"copy of the disk", "#9a6fc9", []string{"copy"}},
	{"slot, disk, seed", "#c9a227", []string{"image", "template", "gate", "slot", "disk", "seed"}},
	{"hypervisor", "#e07b39", []string{"vmm", "resume"}},
	{"guest boots", "#d2555a", []string{"boot", "ssh"}},
	{"identity", "#2f9e6e", []string{"identity"}},
	{"seen by Update", "#8b949e", []string{"seen"}},
	{"SSH login", "#3b82c4", []string{"login"}},
	{"command", "#2aa3b5", []string{"job"}},
}

func phaseOf(step string) int {
	for i, phase := range phases {
		for _, each := range phase.steps {
			if each == step {
				return i
			}
		}
	}
	return 1 // What is new is most likely one more thing to prepare.
}

// picture shows where the time of each method goes, once on a scale for all and once for the quick ones, and how the time
// to the first job grows with the number of clones asked for at once.
func (f figures) picture() string {
	d := &drawing{}
	y := 30
	y = d.bars(f, y, "Increase until the first job command is finished", methods)
	y = d.bars(f, y, "The same, closer", methods[len(methods)-2:])
	y = d.legend(y)
	y = d.lines(f, y+30)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="Time from Increase to the first finished job command, by method and by number of clones">
<style>
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.quiet { fill: #59636e }
.grid { stroke: #8b949e; stroke-opacity: .35 }
.line { fill: none; stroke-width: 2.5 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .quiet { fill: #9198a1 } }
</style>
%s</svg>
`, pictureWidth, y, pictureWidth, y, d.String())
}

func (d *drawing) text(x, y int, class, anchor, text string) {
	fmt.Fprintf(d, `<text x="%d" y="%d" class="%s" text-anchor="%s">%s</text>`+"\n", x, y, class, anchor, html.EscapeString(text))
}

// bars is one row for each method that was measured, all on one scale.
func (d *drawing) bars(f figures, y int, title string, rows []method) int {
	longest := 0.0
	for _, row := range rows {
		longest = math.Max(longest, total(f.timeline(row.timeline)))
	}
	if longest == 0 {
		return y
	}
	d.text(0, y, "title", "start", title)
	y += 18
	for _, row := range rows {
		steps := f.timeline(row.timeline)
		if len(steps) == 0 {
			continue
		}
		d.text(labelWidth-10, y+17, "", "end", row.name)
		x := float64(labelWidth)
		for index, ms := range byPhase(steps) {
			width := ms / longest * barsWidth
			if ms > 0 {
				fmt.Fprintf(d, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"><title>%s: %s</title></rect>`+"\n",
					x, y, math.Max(width, .5), barHeight, phases[index].colour, phases[index].name, durationText(ms))
			}
			x += width
		}
		d.text(int(x)+8, y+17, "quiet", "start", durationText(total(steps)))
		y += rowHeight
	}
	return y + 22
}

func total(steps []stepMedian) (sum float64) {
	for _, step := range steps {
		sum += step.Ms
	}
	return sum
}

func byPhase(steps []stepMedian) []float64 {
	sums := make([]float64, len(phases))
	for _, step := range steps {
		sums[phaseOf(step.Step)] += math.Max(step.Ms, 0)
	}
	return sums
}

func (d *drawing) legend(y int) int {
	const columns, columnWidth = 4, 180
	for i, phase := range phases {
		x, row := labelWidth+i%columns*columnWidth, y+i/columns*22
		fmt.Fprintf(d, `<rect x="%d" y="%d" width="13" height="13" rx="2" fill="%s"/>`+"\n", x, row-11, phase.colour)
		d.text(x+19, row, "quiet", "start", phase.name)
	}
	return y + (len(phases)+columns-1)/columns*22
}

// lines shows first, median and last of a batch against its size.
func (d *drawing) lines(f figures, y int) int {
	const height, bottom = 180, 40
	sizes := []int{1, 3, 5, 10}
	longest, _ := f.value("clone.n10.last_ms")
	if longest == 0 {
		return y
	}
	d.text(0, y, "title", "start", "Clones asked for at once: first job command finished")
	y += 20
	top := niceCeiling(longest / 1000)
	px := func(n int) float64 { return labelWidth + float64(n)/10*barsWidth }
	py := func(seconds float64) float64 { return float64(y) + height*(1-seconds/top) }
	for i := 0; i <= 4; i++ {
		value := top * float64(i) / 4
		fmt.Fprintf(d, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" class="grid"/>`+"\n", labelWidth, labelWidth+barsWidth, py(value), py(value))
		d.text(labelWidth-10, int(py(value))+4, "quiet", "end", fmt.Sprintf("%.3g s", value))
	}
	for _, n := range sizes {
		d.text(int(px(n)), y+height+20, "quiet", "middle", fmt.Sprint(n))
	}
	for _, series := range []struct{ name, figure, colour string }{
		{"the last", "last_ms", "#d2555a"}, {"median", "job_ms", "#3b82c4"}, {"the first", "first_ms", "#2f9e6e"},
	} {
		var points []string
		var end float64
		for _, n := range sizes {
			if ms, measured := f.value(fmt.Sprintf("clone.n%d.%s", n, series.figure)); measured {
				end = py(ms / 1000)
				points = append(points, fmt.Sprintf("%.1f,%.1f", px(n), end))
				fmt.Fprintf(d, `<circle cx="%.1f" cy="%.1f" r="4" fill="%s"><title>%d clones, %s: %s</title></circle>`+"\n", px(n), end, series.colour, n, series.name, durationText(ms))
			}
		}
		fmt.Fprintf(d, `<polyline points="%s" class="line" stroke="%s"/>`+"\n", strings.Join(points, " "), series.colour)
		d.text(labelWidth+barsWidth+10, int(end)+4, "quiet", "start", series.name)
	}
	return y + height + bottom
}

// niceCeiling is the next round number of seconds.
func niceCeiling(seconds float64) float64 {
	for _, nice := range []float64{.5, 1, 2, 4, 6, 8, 10, 20, 40, 60, 100, 200, 400} {
		if seconds <= nice {
			return nice
		}
	}
	return seconds
}
