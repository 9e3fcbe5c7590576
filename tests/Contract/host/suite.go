package main

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"time"
)

// contractCase is one named expectation. It fails by calling Case.failf.
type contractCase struct {
	name string
	run  func(c *Case)
	// needs is what the contract or the pool must have for the case; empty if all will do.
	needs feature
}

func allCases() []contractCase {
	var cases []contractCase
	for _, part := range [][]contractCase{
		startCases(), initCases(), lifeCycleCases(), failureCases(), connectCases(), loadCases(), logCases(), processCases(), faultCases(),
	} {
		cases = append(cases, part...)
	}
	return cases
}

func runSuite(args []string) error {
	flags := flag.NewFlagSet("suite", flag.ExitOnError)
	path := flags.String("plugin", "", "plugin executable")
	config := flags.String("config", `{"hypervisor":"simulated"}`, "plugin_config all cases start from, or @config.toml")
	autoMTLS := flags.Bool("automtls", false, "encrypt and authenticate the connection")
	only := flags.String("case", "", "run one case")
	list := flags.Bool("list", false, "print the names of the cases")
	deadline := flags.Duration("deadline", time.Minute, "for each case")
	flags.Parse(args)

	if *list {
		for _, each := range allCases() {
			fmt.Println(each.name)
		}
		return nil
	}
	base, err := parseConfig(*config)
	if err != nil {
		return err
	}
	failed, ran := 0, 0
	for index, each := range allCases() {
		if *only != "" && each.name != *only {
			continue
		}
		ran++
		if why, lacking := base.lacks(each.needs); lacking {
			emit(map[string]interface{}{"case": each.name, "ok": true, "notApplicable": why})
			continue
		}
		c := &Case{options: sessionOptions{plugin: *path, autoMTLS: *autoMTLS}, config: base}
		if *only == "" && base.isSimulated() {
			c.config = base.separate(index)
		}
		if !c.report(each, *deadline) {
			failed++
		}
	}
	switch {
	case ran == 0:
		return fmt.Errorf("no case is named %q; -list prints them", *only)
	case failed > 0:
		return fmt.Errorf("%d of %d cases failed", failed, ran)
	}
	return nil
}

// separate gives a case its own group when several run one after another on one configuration.
func (c pluginConfig) separate(index int) pluginConfig {
	name := c.text("name")
	if name == "" {
		name = "contract"
	}
	changes := pluginConfig{"name": fmt.Sprintf("%s-%d", name, index)}
	if directory := c.text("state_directory"); directory != "" {
		changes["state_directory"] = filepath.Join(directory, fmt.Sprint(index))
	}
	return c.with(changes)
}

// Case is one running contract case: its configuration, its deadline, and the sessions to end afterwards.
type Case struct {
	ctx      context.Context
	options  sessionOptions
	config   pluginConfig
	sessions []*Session
	// opened is set once the case has had a group.
	opened bool
	// tolerateRough is set by a case that makes its plugin's end or log lines irregular on purpose.
	tolerateRough bool
}

type caseFailure struct{ text string }

func (c *Case) failf(format string, args ...interface{}) {
	panic(caseFailure{fmt.Sprintf(format, args...)})
}

func (c *Case) check(condition bool, format string, args ...interface{}) {
	if !condition {
		c.failf(format, args...)
	}
}

// report runs the case and what must hold after every case, and prints the outcome.
func (c *Case) report(each contractCase, deadline time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	c.ctx = ctx
	begin := time.Now()
	failure := guard(func() { each.run(c) })
	for _, after := range []func(){c.end, c.giveBack} {
		if text := guard(after); failure == "" {
			failure = text
		}
	}
	emit(map[string]interface{}{
		"case": each.name, "ok": failure == "", "error": failure, "ms": time.Since(begin).Milliseconds(),
	})
	if failure != "" {
		say("case %s failed: %s", each.name, failure)
		for number, session := range c.sessions {
			say("log of plugin process %d:\n%s", number+1, session.Logs.text())
		}
	}
	return failure == ""
}

// guard turns a failed case into its text; anything else that panics is a fault of this program and ends it.
func guard(run func()) (failure string) {
	defer func() {
		switch problem := recover().(type) {
		case nil:
		case caseFailure:
			failure = problem.text
		default:
			panic(problem)
		}
	}()
	run()
	return ""
}

// end kills what the case left running. Whatever a case is about, its plugin goes by itself within go-plugin's 2 s, and the
// host understood every line of its log.
func (c *Case) end() {
	for _, session := range c.sessions {
		defer session.client.Kill()
	}
	if c.tolerateRough {
		return
	}
	for _, session := range c.sessions {
		took, graceful := session.kill()
		c.check(graceful && took < 2*time.Second, "Kill took %v (graceful: %v), want a graceful end within 2 s", took, graceful)
		c.check(!session.leftBehind(), "the socket %s or its directory is still there after Kill", session.socket())
		if record, found := session.Logs.find(func(r Record) bool { return r.Demoted }); found {
			c.failf("the host could not parse a log line and demoted it to plain text: %q", record.Message)
		}
	}
}
