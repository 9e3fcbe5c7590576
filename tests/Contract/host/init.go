package main

import (
	"context"
	"flag"
	"strings"
	"time"
)

// runInit launches a plugin, calls Init and, with -count, Increase, ends the plugin as the runner does and prints what an
// operator would learn. A refusal is a result, not an error of this program: it exits with code 0.
func runInit(args []string) error {
	flags := flag.NewFlagSet("init", flag.ExitOnError)
	path := flags.String("plugin", "", "plugin executable")
	text := flags.String("config", `{"hypervisor":"simulated"}`, "plugin_config")
	count := flags.Int("count", 0, "ask for this many instances after Init")
	var until repeatedFlag
	flags.Var(&until, "until", "after that, wait until the plugin logs a message that contains this text; may be repeated, in any order")
	hold := flags.Duration("hold", 0, "after that, print a line {plugin_pid} and wait this long")
	limit := flags.Duration("for", 30*time.Second, "deadline for all of it")
	flags.Parse(args)

	config, err := parseConfig(*text)
	if err != nil {
		return err
	}
	c := &Case{options: sessionOptions{plugin: *path}, config: config}
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	c.ctx = ctx
	var result initResult
	failure := guard(func() { result = c.tryInit(*count, until, *hold) })
	if after := guard(c.end); failure == "" {
		failure = after
	}
	if failure != "" {
		say("%s", failure)
		for _, session := range c.sessions {
			say("%s", session.Logs.text())
		}
	}
	result.Failure = failure
	for _, session := range c.sessions {
		result.Warnings = session.Logs.warnings()
	}
	emit(result)
	return nil
}

// initResult is the one line that runInit prints.
type initResult struct {
	// OK tells whether Init and Increase succeeded entirely; Error is the first refusal's text.
	OK       bool   `json:"ok"`
	Error    string `json:"error"`
	Accepted int    `json:"accepted"`
	// MS is how long Init took.
	MS int64 `json:"ms"`
	// Warnings are the plugin's log messages of that level.
	Warnings []string `json:"warnings"`
	// Failure is what no refusal excuses: a stack trace in an error, a plugin that must be killed, a garbled log.
	Failure string `json:"failure"`
}

func (c *Case) tryInit(count int, until []string, hold time.Duration) initResult {
	s := c.start()
	begin := time.Now()
	_, err := s.Group.Init(c.ctx, c.config.json(), Settings{})
	result := initResult{OK: err == nil, Error: errorText(err), MS: time.Since(begin).Milliseconds()}
	c.readable(err)
	if err == nil && count > 0 {
		result.Accepted, err = s.Group.Increase(c.ctx, count)
		result.OK, result.Error = err == nil, errorText(err)
		c.readable(err)
	}
	for _, text := range until {
		text := text
		c.untilLogged(s, "a message with "+text, func(r Record) bool { return strings.Contains(r.Message, text) })
	}
	if hold > 0 {
		emit(map[string]interface{}{"plugin_pid": s.pid()})
		time.Sleep(hold)
	}
	return result
}
