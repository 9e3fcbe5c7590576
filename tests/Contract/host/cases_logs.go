package main

import "strings"

func logCases() []contractCase {
	return []contractCase{
		{name: "log_lines_arrive_as_records_at_their_level", run: func(c *Case) {
			s, _ := c.startGroup(c.simulated("simulated_boot", "50ms"), Settings{})
			c.increase(s, 2)
			for _, id := range c.untilRunning(s, 2) {
				record := c.untilLogged(s, "an info line with the field instance="+id, func(r Record) bool {
					return r.Level == "info" && r.field("instance") == id
				})
				c.check(strings.Contains(record.field("group"), c.config.text("name")), "its field group is %q", record.field("group"))
				c.check(!strings.HasPrefix(record.Message, "{"), "its message is raw text: %s", record.Message)
			}
		}},
		{name: "a_failed_instance_is_a_warning_or_an_error", needs: simulation, run: func(c *Case) {
			s, _ := c.startGroup(pluginConfig{"simulated_failure_rate": 1, "simulated_boot": "50ms"}, Settings{})
			c.increase(s, 1)
			record := c.untilFailureIsLogged(s)
			_, listed := c.states(s)[record.field("instance")]
			c.check(listed, "the line names %q, which Update does not list", record.field("instance"))
			c.check(strings.Contains(record.field("group"), c.config.text("name")), "its field group is %q", record.field("group"))
		}},
		{name: "simulated_is_said_to_be_simulated", needs: simulation, run: func(c *Case) {
			s, _ := c.startGroup(nil, Settings{})
			c.untilLogged(s, "a warning that instances are simulated", func(r Record) bool {
				return r.Level == "warn" && strings.Contains(r.Message, "simulated")
			})
		}},
	}
}

// untilLogged waits for a line of the plugin: it travels through a pipe of its own and may come after the answer of a call.
func (c *Case) untilLogged(s *Session, what string, matches func(Record) bool) Record {
	var record Record
	c.until("there was "+what, func() bool {
		found := false
		record, found = s.Logs.find(func(r Record) bool { return r.FromPlugin && matches(r) })
		return found
	})
	return record
}
