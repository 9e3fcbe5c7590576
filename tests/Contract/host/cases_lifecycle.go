package main

import "strings"

func lifeCycleCases() []contractCase {
	return []contractCase{
		{name: "life_cycle", run: func(c *Case) {
			s, _ := c.startGroup(nil, Settings{})
			c.check(len(c.states(s)) == 0, "a new group lists %v", c.states(s))
			c.increase(s, 3)
			ids := c.untilRunning(s, 3)
			for _, id := range ids {
				info, err := s.Group.ConnectInfo(c.ctx, id)
				c.check(err == nil, "ConnectInfo(%s): %s", id, errorText(err))
				c.check(info.ID == id, "ConnectInfo(%s) is about %q", id, info.ID)
				err = s.alive(c, id)
				c.check(err == nil, "Heartbeat(%s): %s", id, errorText(err))
			}
			c.decrease(s, ids[:2]...)
			c.untilGone(s, ids[:2]...)
			c.check(c.states(s)[ids[2]] == stateRunning, "the third instance is %q", c.states(s)[ids[2]])
			c.decrease(s, ids[2])
			c.untilGone(s, ids[2])
			err := s.Group.Shutdown(c.ctx)
			c.check(err == nil, "Shutdown: %s", errorText(err))
		}},
		{name: "new_instances_are_creating_at_once", run: func(c *Case) {
			s, _ := c.startGroup(c.simulated("simulated_boot", "2s"), Settings{})
			c.increase(s, 4)
			states := c.states(s)
			c.check(len(states) == 4, "right after Increase(4) Update lists %v", states)
			for id, state := range states {
				c.check(state == stateCreating, "new instance %s is %s", id, state)
			}
			c.untilRunning(s, 4)
		}},
		{name: "ids_are_never_used_again", run: func(c *Case) {
			s, provider := c.startGroup(nil, Settings{})
			seen := map[string]bool{}
			for round := 0; round < 3; round++ {
				c.increase(s, 2)
				ids := c.untilRunningOnly(s, 2)
				for _, id := range ids {
					c.check(!seen[id], "id %s came back", id)
					c.check(strings.HasPrefix(id, c.config.text("name")+"-"), "id %s does not begin with the group's name (%s)", id, provider.ID)
					seen[id] = true
				}
				c.decrease(s, ids...)
				c.untilGone(s, ids...)
			}
		}},
		{name: "decrease_is_idempotent_and_knows_no_unknown_id", run: func(c *Case) {
			s, _ := c.startGroup(nil, Settings{})
			c.increase(s, 1)
			id := c.untilRunning(s, 1)[0]
			c.decrease(s, id, "nobody-ever-heard-of-it")
			c.decrease(s, id)
			c.untilGone(s, id)
			c.decrease(s, id, id+"x")
		}},
		{name: "decrease_ends_a_creation", run: func(c *Case) {
			s, _ := c.startGroup(c.simulated("simulated_boot", "10m"), Settings{})
			c.increase(s, 2)
			for id := range c.states(s) {
				c.decrease(s, id)
				c.untilGone(s, id)
			}
		}},
		{name: "decrease_of_nothing_is_success", run: func(c *Case) {
			s, _ := c.startGroup(nil, Settings{})
			c.decrease(s)
		}},
		{name: "suspend_and_resume_are_not_supported", needs: hasSuspend, run: func(c *Case) {
			s, _ := c.startGroup(nil, Settings{})
			c.increase(s, 1)
			ids := c.untilRunning(s, 1)
			done, err := s.Group.Suspend(c.ctx, ids)
			c.check(len(done) == 0 && mentions(err, "not supported"), "Suspend answered %v, %q", done, errorText(err))
			done, err = s.Group.Resume(c.ctx, ids)
			c.check(len(done) == 0 && mentions(err, "not supported"), "Resume answered %v, %q", done, errorText(err))
			c.check(c.states(s)[ids[0]] == stateRunning, "the instance is %q afterwards", c.states(s)[ids[0]])
		}},
		{name: "heartbeat_of_an_unknown_id_is_an_error", needs: hasHeartbeat, run: func(c *Case) {
			s, _ := c.startGroup(nil, Settings{})
			err := s.Group.Heartbeat(c.ctx, "nobody-ever-heard-of-it")
			c.check(mentions(err, "nobody-ever-heard-of-it"), "Heartbeat answered %q", errorText(err))
		}},
	}
}

// untilRunningOnly is untilRunning in a group that may still list what was deleted before.
func (c *Case) untilRunningOnly(s *Session, count int) []string {
	var ids []string
	c.until("the instances were running", func() bool {
		ids = ids[:0]
		for id, state := range c.states(s) {
			if state == stateRunning {
				ids = append(ids, id)
			}
		}
		return len(ids) == count
	})
	return ids
}
