package main

import (
	"sort"
	"strings"
	"time"
)

// start launches the plugin; the case's end kills it.
func (c *Case) start() *Session {
	session, err := startPlugin(c.options)
	c.sessions = append(c.sessions, session)
	c.check(err == nil, "%v", err)
	return session
}

// startGroup launches the plugin and initialises a group.
func (c *Case) startGroup(changes pluginConfig, settings Settings) (*Session, ProviderInfo) {
	session := c.start()
	c.opened = true
	provider, err := session.Group.Init(c.ctx, c.config.with(changes).json(), settings)
	c.check(err == nil, "Init: %s", errorText(err))
	return session, provider
}

func (c *Case) increase(s *Session, count int) {
	accepted, err := s.Group.Increase(c.ctx, count)
	c.check(err == nil, "Increase(%d): %s", count, errorText(err))
	c.check(accepted == count, "Increase(%d) accepted %d", count, accepted)
}

func (c *Case) decrease(s *Session, ids ...string) {
	accepted, err := s.Group.Decrease(c.ctx, ids)
	c.check(err == nil, "Decrease(%v): %s", ids, errorText(err))
	sort.Strings(accepted)
	wanted := append([]string(nil), ids...)
	sort.Strings(wanted)
	c.check(strings.Join(accepted, ",") == strings.Join(wanted, ","), "Decrease(%v) accepted %v", ids, accepted)
}

// states is one Update as a map.
func (c *Case) states(s *Session) map[string]string {
	instances, err := s.Group.Update(c.ctx)
	c.check(err == nil, "Update: %s", errorText(err))
	result := map[string]string{}
	for _, instance := range instances {
		_, twice := result[instance.ID]
		c.check(!twice, "Update lists %s twice", instance.ID)
		c.check(instance.ID != "", "Update lists an instance without id: %v", instances)
		result[instance.ID] = instance.State
	}
	return result
}

// until polls a condition until the case's deadline.
func (c *Case) until(what string, condition func() bool) {
	for !condition() {
		select {
		case <-c.ctx.Done():
			c.failf("waited in vain until %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// untilRunning waits until exactly count instances run and returns their ids.
func (c *Case) untilRunning(s *Session, count int) []string {
	var ids []string
	c.until("the instances were running", func() bool {
		ids = ids[:0]
		for id, state := range c.states(s) {
			c.check(state == stateCreating || state == stateRunning, "instance %s is %s, want creating or running", id, state)
			if state == stateRunning {
				ids = append(ids, id)
			}
		}
		return len(ids) == count
	})
	sort.Strings(ids)
	return ids
}

// untilGone waits until the host would have dropped the instances: reported deleted once, or no longer listed.
func (c *Case) untilGone(s *Session, ids ...string) {
	c.until("the instances were gone", func() bool {
		states := c.states(s)
		for _, id := range ids {
			state, listed := states[id]
			c.check(!listed || state == stateDeleting || state == stateDeleted, "instance %s is %s after Decrease", id, state)
			if listed && state != stateDeleted {
				return false
			}
		}
		return true
	})
}

// mentions tells whether an error's text names all of these things.
func mentions(err error, words ...string) bool {
	text := errorText(err)
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return err != nil
}

// readable fails on what an operator must never see.
func (c *Case) readable(err error) {
	for _, trace := range []string{"\n   at ", "Exception:", "goroutine "} {
		c.check(!strings.Contains(errorText(err), trace), "the error shows a stack trace: %s", errorText(err))
	}
}
