package main

import "strings"

func initCases() []contractCase {
	return []contractCase{
		{name: "init_answers_who_it_is", run: func(c *Case) {
			_, provider := c.startGroup(nil, Settings{})
			c.check(strings.Contains(provider.ID, c.config.text("name")), "ID %q does not name group %q", provider.ID, c.config.text("name"))
			c.check(provider.MaxSize > 0, "MaxSize is %d", provider.MaxSize)
			c.check(provider.Version != "", "Version is empty")
			c.check(len(provider.Capabilities) == 0, "capabilities %v, want none", provider.Capabilities)
		}},
		{name: "init_reports_every_fault_with_its_text_intact", run: func(c *Case) {
			s := c.start()
			_, err := s.Group.Init(c.ctx, c.config.with(pluginConfig{
				"größe_日本%": 1, "vm_memory_mb": "viel", "boot_timeout": "ein Weilchen – 5 µ?", "vm_num_cpu_core": 2,
			}).json(), Settings{})
			c.check(err != nil, "Init accepted a bad configuration")
			c.readable(err)
			for _, word := range []string{"größe_日本%", "vm_memory_mb", "boot_timeout", "ein Weilchen – 5 µ?", "vm_num_cpu_core", "vm_num_cpu_cores"} {
				c.check(mentions(err, word), "the error does not mention %q: %s", word, errorText(err))
			}
		}},
		{name: "init_refuses_what_is_no_json", needs: hasRawConfig, run: func(c *Case) {
			s := c.start()
			_, err := s.Group.Init(c.ctx, []byte(`{"name": `), Settings{})
			c.check(mentions(err, "JSON"), "Init with cut-off JSON answered %q", errorText(err))
			c.readable(err)
		}},
		{name: "init_names_both_users_when_they_differ", run: func(c *Case) {
			s := c.start()
			_, err := s.Group.Init(c.ctx, c.config.with(pluginConfig{"vm_user": "alice"}).json(), Settings{Username: "bob"})
			c.check(mentions(err, "alice", "bob", "vm_user"), "Init with two users answered %q", errorText(err))
		}},
		// The runner calls Shutdown after a failed Init too, and tries again with a new process.
		{name: "shutdown_works_after_a_failed_init", run: func(c *Case) {
			s := c.start()
			_, err := s.Group.Init(c.ctx, []byte(`{"nonsense": true}`), Settings{})
			c.check(err != nil, "Init accepted a bad configuration")
			err = s.Group.Shutdown(c.ctx)
			c.check(err == nil, "Shutdown: %s", errorText(err))
			s.kill()
			c.startGroup(nil, Settings{})
		}},
		{name: "second_plugin_of_a_group_is_refused", run: func(c *Case) {
			first, _ := c.startGroup(nil, Settings{})
			second := c.start()
			_, err := second.Group.Init(c.ctx, c.config.json(), Settings{})
			c.check(mentions(err, "name", pidText(first)), "Init of the second answered %q, want the pid %d of the first", errorText(err), first.pid())
			c.readable(err)
			c.increase(first, 1)
			c.untilRunning(first, 1)
		}},
		{name: "max_size_is_what_the_operator_set", run: func(c *Case) {
			_, provider := c.startGroup(pluginConfig{"max_vms": 3}, Settings{})
			c.check(provider.MaxSize == 3, "MaxSize is %d with max_vms 3", provider.MaxSize)
		}},
		{name: "max_size_is_the_number_of_slots_of_the_subnet", run: func(c *Case) {
			_, provider := c.startGroup(pluginConfig{"vm_subnet": "10.213.0.0/28"}, Settings{})
			c.check(provider.MaxSize == 8, "MaxSize is %d with a /28, which has 8 pairs of addresses", provider.MaxSize)
		}},
	}
}
