package main

// faultCases throw something unexpected at each port of the plugin's domain. The runner never restarts a dead plugin, so
// only the instance may be lost.
func faultCases() []contractCase {
	var cases []contractCase
	for _, way := range []struct {
		start string
		steps []string
	}{
		{"clone", []string{"image", "slot", "disk", "resume", "identity"}},
		{"boot", []string{"vmm", "boot", "ssh"}},
	} {
		for _, step := range way.steps {
			config := pluginConfig{"start": way.start, "simulated_fault": step, "simulated_boot": "20ms"}
			cases = append(cases, contractCase{name: "fault_at_" + step + "_fails_the_instance_only", needs: simulation, run: func(c *Case) { c.faultWhileCreating(config) }})
		}
	}
	return append(cases, contractCase{name: "fault_at_undo_fails_the_instance_only", needs: simulation, run: (*Case).faultWhileDeleting})
}

func (c *Case) faultWhileCreating(config pluginConfig) {
	s, _ := c.startGroup(config, Settings{})
	c.increase(s, 1)
	first := c.states(s)
	c.check(len(first) == 1, "Update lists %v", first)
	c.untilDeletedIsReported(s, first)
	c.untilFailureIsLogged(s)
	c.stillServes(s)
	c.increase(s, 1)
	c.check(len(c.states(s)) > 0, "the next Increase left no trace in Update")
}

func (c *Case) faultWhileDeleting() {
	s, _ := c.startGroup(pluginConfig{"simulated_fault": "undo", "simulated_boot": "20ms"}, Settings{})
	c.increase(s, 1)
	id := c.untilRunning(s, 1)[0]
	c.decrease(s, id)
	c.untilFailureIsLogged(s)
	state, listed := c.states(s)[id]
	c.check(!listed || state == stateDeleting || state == stateDeleted, "the instance whose deletion failed is %s", state)
	c.stillServes(s)
	c.increase(s, 1)
	c.untilRunningOnly(s, 1)
}

func (c *Case) stillServes(s *Session) {
	c.check(s.rpc.Ping() == nil, "Ping afterwards: %v", s.rpc.Ping())
	c.check(!s.client.Exited(), "the plugin process is gone")
	c.check(s.alive(c, "nobody") != nil, "a question about an unknown id succeeded")
}
