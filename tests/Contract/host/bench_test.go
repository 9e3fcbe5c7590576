package main

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func equal(t *testing.T, what string, got, want interface{}) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestPercentilesAreThoseOfTheSamplesInAnyOrder(t *testing.T) {
	twenty := samples{}
	for i := 20; i >= 1; i-- {
		twenty = append(twenty, float64(i))
	}
	equal(t, "median of 1 to 20", twenty.percentile(50), 10.5)
	equal(t, "95th of 1 to 20", twenty.percentile(95), 19.0)
	equal(t, "first sample after asking", twenty[0], 20.0)
	equal(t, "median of three", samples{9, 1, 5}.percentile(50), 5.0)
	equal(t, "95th of three", samples{9, 1, 5}.percentile(95), 9.0)
	equal(t, "summary of one", samples{7}.summary(), summary{P50: 7, P95: 7, N: 1})
}

func TestRoundingKeepsThreeDigits(t *testing.T) {
	equal(t, "0.12345", rounded(0.12345), 0.123)
	equal(t, "12.345", rounded(12.345), 12.3)
	equal(t, "46512.7", rounded(46512.7), 46513.0)
	equal(t, "0", rounded(0), 0.0)
}

func TestFiguresSurviveTheirFile(t *testing.T) {
	f := someFigures()
	text, err := json.Marshal(f.nested())
	if err != nil {
		t.Fatal(err)
	}
	read, err := readFigures(text)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "a summary", read["clone.n1.job_ms"], f["clone.n1.job_ms"])
	equal(t, "a number", read["plugin.update_ms.1000"], 4.5)
	equal(t, "number of steps", len(read.timeline("clone")), 2)
	var object struct {
		Clone struct {
			N1 struct {
				Job summary `json:"job_ms"`
			} `json:"n1"`
		} `json:"clone"`
	}
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	equal(t, "the nested median", object.Clone.N1.Job.P50, 1000.0)
}

func TestVerdictsFollowTheBoundsAndTellWhatIsMissing(t *testing.T) {
	f := figures{"upper": 5.0, "lower": 5.0, "times": summary{P50: 4, P95: 6, N: 9}}
	for _, each := range []struct {
		goal goal
		want string
	}{
		{goal{figure: "upper", bound: 5}, "met"},
		{goal{figure: "upper", bound: 4.9}, "MISSED"},
		{goal{figure: "lower", bound: 5, atLeast: true}, "met"},
		{goal{figure: "lower", bound: 5.1, atLeast: true}, "MISSED"},
		{goal{figure: "times", bound: 5}, "met"},
		{goal{figure: "times.p95", bound: 5}, "MISSED"},
		{goal{figure: "absent", bound: 5}, "not measured"},
	} {
		equal(t, each.goal.figure+" "+each.goal.boundText(), each.goal.verdict(f), each.want)
	}
}

func TestReportSaysWhatWasMissedAndWhatFailed(t *testing.T) {
	directory := t.TempDir()
	f := someFigures()
	f["failures"] = []string{"spares: no spare was ready"}
	text, err := json.Marshal(f.nested())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "bench.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeReport(directory); err != nil {
		t.Fatal(err)
	}
	page := read(t, directory, "bench.md")
	for _, wanted := range []string{
		"spares: no spare was ready",
		"| clone: Increase to running | ≤ 450 ms | 500 ms | MISSED |",
		"| Update of 1,000 instances | ≤ 5 ms | 4.5 ms | met |",
		"| spare: Increase to running | ≤ 20 ms | – | not measured |",
		"- clone: slot 10, resume 90",
	} {
		if !strings.Contains(page, wanted) {
			t.Errorf("bench.md lacks %q:\n%s", wanted, page)
		}
	}
	if table := read(t, directory, "readme.md"); !strings.Contains(table, "| 0.50 s / 0.60 s | 1.00 s / 1.20 s | 5 |") {
		t.Errorf("readme.md lacks the clone's row:\n%s", table)
	}
}

func TestPictureIsWellFormedAndHasABarForEachMeasuredMethodAndPhase(t *testing.T) {
	text, err := json.Marshal(someFigures().nested())
	if err != nil {
		t.Fatal(err)
	}
	f, err := readFigures(text)
	if err != nil {
		t.Fatal(err)
	}
	picture := f.picture()
	bars := 0
	for decoder := xml.NewDecoder(strings.NewReader(picture)); ; {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, picture)
		}
		if element, ok := token.(xml.StartElement); ok && element.Name.Local == "rect" {
			bars++
		}
	}
	// The clone's slot and resume, on both scales, and the legend.
	equal(t, "number of rectangles", bars, 2+2+len(phases))
}

func TestTwoPluginsAreComparedByMediansAndTheirQuickerHalves(t *testing.T) {
	lap := func(job, guest float64) rowLap {
		return rowLap{machine: &machine{job: time.Duration(job) * time.Millisecond}, guest: guest}
	}
	table := against([]rowLap{lap(400, 40), lap(200, 20), lap(600, 60)}, []rowLap{lap(300, 10), lap(100, 10), lap(900, 10)})
	for _, wanted := range []string{
		"medians of 3 clones each, in turns",
		"Increase to first job command, ms      400.0     300.0   0.750   200.0 100.0",
		"CPU time of the guest's QEMU, ms        40.0      10.0   0.250   20.0 10.0",
	} {
		if !strings.Contains(table, wanted) {
			t.Errorf("the table lacks %q:\n%s", wanted, table)
		}
	}
}

func TestEveryCloneOfARowIsKeptWithItsSteps(t *testing.T) {
	m := &machine{running: 100 * time.Millisecond, loggedIn: 400 * time.Millisecond, job: 450 * time.Millisecond}
	m.record.Timeline = []timelineEntry{{"accepted", 0}, {"resume", 60}}
	directory := t.TempDir()
	if err := writeRow(filepath.Join(directory, "row.csv"), []rowLap{{number: 7, machine: m, guest: 300, plugin: 50, others: 20, pace: pace{hashMs: 30.5, memoryNs: 8.71, faultUs: 11.25}}}); err != nil {
		t.Fatal(err)
	}
	equal(t, "row.csv", read(t, directory, "row.csv"), "number,resume,seen,login,job,running,job_total,cpu_guest,cpu_plugin,cpu_others,pace_hash_ms,pace_memory_ns,pace_fault_us\n7,60.0,40.0,300.0,50.0,100.0,450.0,300,50,20,30.50,8.7,11.2\n")
}

func TestPaceMeasuresEachKindOfWork(t *testing.T) {
	measured, err := measurePace()
	if err != nil {
		t.Fatal(err)
	}
	if measured.hashMs <= 0 || measured.memoryNs <= 0 || measured.faultUs <= 0 {
		t.Errorf("a kind of work took no time: %+v", measured)
	}
	figures := figures{}
	figures.paces("pace", []pace{{1, 10, 100}, {3, 30, 300}, {2, 20, 200}})
	equal(t, "pace.memory_ns", figures["pace.memory_ns"], summary{P50: 20, P95: 30, N: 3})
	equal(t, "pace.fault_us", figures["pace.fault_us"], summary{P50: 200, P95: 300, N: 3})
}

func TestTheRingOfLinesLeadsThroughAllOfThem(t *testing.T) {
	seen := map[uint32]bool{}
	at := uint32(0)
	for ; !seen[at]; at = ring[at] {
		seen[at] = true
	}
	equal(t, "lines", len(seen), paceBytes/cacheLine)
	equal(t, "end", at, uint32(0))
}

func TestStepsLastFromOneToTheNextAndEndWithWhatTheHostSees(t *testing.T) {
	m := &machine{running: 100 * time.Millisecond, loggedIn: 400 * time.Millisecond, job: 450 * time.Millisecond}
	m.record.Timeline = []timelineEntry{{"accepted", 0}, {"slot", 20}, {"resume", 80}}
	var line timeline
	line.add(m.durations())
	want := []stepMedian{{"slot", 20}, {"resume", 60}, {"seen", 20}, {"login", 300}, {"job", 50}}
	for i, step := range line.medians() {
		equal(t, "step", step, want[i])
	}
}

func TestChecksumsSeeEveryByteAndPositionOfASparseFile(t *testing.T) {
	directory := t.TempDir()
	sum := func(name string, at int64, content string) string {
		path := filepath.Join(directory, name)
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := file.Truncate(1 << 30); err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt([]byte(content), at); err != nil {
			t.Fatal(err)
		}
		result, err := dataSum(path)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	first := sum("first", 1<<20, "data")
	equal(t, "the same content", sum("same", 1<<20, "data"), first)
	if sum("other", 1<<20, "dato") == first || sum("moved", 2<<20, "data") == first {
		t.Error("another byte, or another place, has the same checksum")
	}
	if zeros, hole := sum("zeros", 3<<20, strings.Repeat("\x00", 1<<20)), sum("hole", 0, ""); zeros != hole {
		t.Error("zeros and a hole read the same and have different checksums")
	}
	equal(t, "the last, shorter block", sum("end", 1<<30, "end") == sum("cut", 1<<30, "enD"), false)
	equal(t, "changed files", strings.Join(changed(
		map[string]string{"a": "1", "b": "2", "d": "5"}, map[string]string{"a": "1", "b": "3", "c": "4"}), " "), "b c d")
}

func someFigures() figures {
	return figures{
		"clone.n1.running_ms": summary{P50: 500, P95: 600, N: 5}, "clone.n1.job_ms": summary{P50: 1000, P95: 1200, N: 5},
		"plugin.update_ms.1000": 4.5, "machine": "a machine", "commit": "abc", "date": "today",
		"timeline.clone": []stepMedian{{"slot", 10}, {"resume", 90}},
	}
}

func read(t *testing.T, directory, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(directory, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
