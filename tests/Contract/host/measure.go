package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"
)

// runSearch starts and ends the plugin n times and takes from its log how long it looked for this program's contract; the
// first start only warms the page cache.
func runSearch(args []string) error {
	flags := flag.NewFlagSet("search", flag.ExitOnError)
	path := flags.String("plugin", "", "plugin executable")
	count := flags.Int("n", 10, "measured starts")
	flags.Parse(args)

	var times []float64
	for i := 0; i <= *count; i++ {
		took, err := searchTime(*path)
		if err != nil {
			return err
		}
		if i > 0 {
			times = append(times, took)
		}
	}
	sort.Float64s(times)
	emit(map[string]interface{}{
		"measure": "search", "n": *count, "median_ms": median(times), "min_ms": times[0], "max_ms": times[len(times)-1],
	})
	return nil
}

func searchTime(path string) (float64, error) {
	session, err := startPlugin(sessionOptions{plugin: path})
	if err != nil {
		return 0, err
	}
	defer session.client.Kill()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		record, found := session.Logs.find(func(r Record) bool {
			return r.FromPlugin && r.field("executable") != "" && r.field("ms") != ""
		})
		if found {
			return strconv.ParseFloat(record.field("ms"), 64)
		}
	}
	return 0, fmt.Errorf("the plugin did not log within 10 s where it found the contract and how long it looked")
}

// runHandshake starts and ends the plugin n times; the first start only warms the page cache.
func runHandshake(args []string) error {
	flags := flag.NewFlagSet("handshake", flag.ExitOnError)
	path := flags.String("plugin", "", "plugin executable")
	count := flags.Int("n", 20, "measured starts")
	autoMTLS := flags.Bool("automtls", false, "encrypt and authenticate the connection")
	flags.Parse(args)
	if *count < 1 {
		return fmt.Errorf("-n is %d, want 1 or more", *count)
	}
	times, work, err := handshakeTimes(*path, *count, *autoMTLS)
	if err != nil {
		return err
	}
	sort.Float64s(times)
	sort.Float64s(work)
	emit(map[string]interface{}{
		"measure": "handshake", "n": *count, "median_ms": median(times), "min_ms": times[0], "max_ms": times[len(times)-1],
		// From start to end, whatever else the machine is doing.
		"cpu_ms": median(work),
	})
	return nil
}

// handshakeTimes are the milliseconds from exec to handshake line, and those of CPU time that each process used in all.
func handshakeTimes(path string, count int, autoMTLS bool) (times, work []float64, err error) {
	for i := 0; i <= count; i++ {
		session, err := startPlugin(sessionOptions{plugin: path, autoMTLS: autoMTLS})
		if err != nil {
			return nil, nil, err
		}
		session.kill()
		if i > 0 {
			times = append(times, float64(session.Started.Microseconds())/1000)
			state := session.command.ProcessState
			work = append(work, float64((state.UserTime()+state.SystemTime()).Microseconds())/1000)
		}
	}
	return times, work, nil
}

func median(sorted []float64) float64 {
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// runRss reads the plugin's resident memory while it serves simulated instances, after a minute's worth of polling.
func runRss(args []string) error {
	flags := flag.NewFlagSet("rss", flag.ExitOnError)
	path := flags.String("plugin", "", "plugin executable")
	config := flags.String("config", `{"hypervisor":"simulated"}`, "plugin_config")
	count := flags.Int("instances", 10, "simulated instances")
	updates := flags.Int("updates", 240, "Update calls before the reading (a minute of polls every 250 ms)")
	flags.Parse(args)

	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	settings, err := parseConfig(*config)
	if err != nil {
		return err
	}
	session, err := startPlugin(sessionOptions{plugin: *path, autoMTLS: true})
	if err != nil {
		return err
	}
	defer session.client.Kill()
	if _, err = session.Group.Init(ctx, settings.json(), Settings{}); err != nil {
		return err
	}
	if _, err = session.Group.Increase(ctx, *count); err != nil {
		return err
	}
	if err = pollUntilRunning(ctx, session, *count); err != nil {
		return err
	}
	for i := 0; i < *updates; i++ {
		if _, err = session.Group.Update(ctx); err != nil {
			return err
		}
	}
	kilobytes, err := residentKilobytes(session.pid())
	if err != nil {
		return err
	}
	emit(map[string]interface{}{"measure": "rss", "instances": *count, "rss_mb": float64(kilobytes) / 1024})
	return session.Group.Shutdown(ctx)
}

func pollUntilRunning(ctx context.Context, session *Session, count int) error {
	for {
		instances, err := session.Group.Update(ctx)
		if err != nil {
			return err
		}
		running := 0
		for _, instance := range instances {
			if instance.State == stateRunning {
				running++
			}
		}
		if running == count {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d instances were running at the deadline: %v", running, count, instances)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func residentKilobytes(pid int) (int, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "VmRSS:" {
			return strconv.Atoi(fields[1])
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no VmRSS", pid)
}
