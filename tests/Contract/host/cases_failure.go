package main

import (
	"strings"
	"time"
)

func failureCases() []contractCase {
	return []contractCase{
		// The loss can only be matched to the request when the host saw the instance being created first, however late it asks.
		{name: "failed_creation_is_creating_once_and_then_deleted", needs: simulation, run: func(c *Case) {
			s, _ := c.startGroup(pluginConfig{"simulated_failure_rate": 1, "simulated_boot": "50ms"}, Settings{})
			c.increase(s, 2)
			c.untilFailureIsLogged(s)
			time.Sleep(200 * time.Millisecond) // The second one's turn; what follows holds whether it came or not.
			first := c.states(s)
			c.check(len(first) == 2, "the first Update after the failure lists %v", first)
			for id, state := range first {
				c.check(state == stateCreating, "failed instance %s is %s in the first Update", id, state)
			}
			c.untilDeletedIsReported(s, first)
		}},
		{name: "some_may_fail_while_others_run", needs: simulation, run: func(c *Case) {
			s, _ := c.startGroup(pluginConfig{"simulated_failure_rate": 0.5, "simulated_boot": "20ms"}, Settings{})
			c.increase(s, 16)
			reported := map[string]string{}
			c.until("all 16 were running or deleted", func() bool {
				decided := 0
				for id, state := range c.states(s) {
					c.check(reported[id] != "" || state == stateCreating || state == stateRunning, "%s is first reported as %s", id, state)
					reported[id] = state
				}
				for _, state := range reported {
					if state == stateRunning || state == stateDeleted {
						decided++
					}
				}
				return decided == 16
			})
			running, deleted := 0, 0
			for _, state := range reported {
				if state == stateRunning {
					running++
				} else {
					deleted++
				}
			}
			c.check(running > 0 && deleted > 0, "%d run and %d failed at a rate of 0.5", running, deleted)
		}},
		{name: "increase_above_capacity_is_a_partial_success", run: func(c *Case) {
			s, _ := c.startGroup(pluginConfig{"max_vms": 3}, Settings{})
			accepted, err := s.Group.Increase(c.ctx, 5)
			c.check(accepted == 3, "Increase(5) with max_vms 3 accepted %d (%s)", accepted, errorText(err))
			ids := c.untilRunning(s, 3)
			accepted, err = s.Group.Increase(c.ctx, 1)
			c.check(accepted == 0 && err != nil, "Increase(1) of a full group accepted %d (%v)", accepted, err)
			c.readable(err)
			c.decrease(s, ids[0])
			c.untilGone(s, ids[0])
			c.increase(s, 1)
		}},
		{name: "increase_above_capacity_says_why", needs: hasPartialError, run: func(c *Case) {
			s, _ := c.startGroup(pluginConfig{"max_vms": 3}, Settings{})
			accepted, err := s.Group.Increase(c.ctx, 5)
			c.check(accepted == 3 && mentions(err, "3"), "Increase(5) with max_vms 3 accepted %d and said %q", accepted, errorText(err))
			c.readable(err)
		}},
	}
}

// untilFailureIsLogged waits for the line that tells the operator of a failed instance.
func (c *Case) untilFailureIsLogged(s *Session) Record {
	return c.untilLogged(s, "a warning or error about an instance", func(r Record) bool {
		return (r.Level == "warn" || r.Level == "error") && r.field("instance") != ""
	})
}

// untilDeletedIsReported waits until each of these instances was reported deleted; leaving the list without that, or
// coming back to life, fails.
func (c *Case) untilDeletedIsReported(s *Session, ids map[string]string) {
	deleted := map[string]bool{}
	c.until("each failed instance was reported deleted", func() bool {
		states := c.states(s)
		for id := range ids {
			state, listed := states[id]
			c.check(listed || deleted[id], "failed instance %s left Update without being reported deleted", id)
			c.check(!listed || strings.Contains("creating deleting deleted", state), "failed instance %s is %s", id, state)
			c.check(!deleted[id] || !listed || state == stateDeleted, "instance %s is %s after it was deleted", id, state)
			if state == stateDeleted {
				deleted[id] = true
			}
		}
		return len(deleted) == len(ids)
	})
}
