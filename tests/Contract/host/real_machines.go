package main

import (
	"context"
	"strings"
	"time"
)

// simulation is a feature of the pool, not of the contract: cases need it that make machines fail, or make more of them, or
// other images, than a host has room and time for.
const simulation feature = "simulation"

// isSimulated tells whether no virtual machine will exist.
func (c pluginConfig) isSimulated() bool { return c.text("hypervisor") == "simulated" }

// lacks says why a case cannot be run, if so: for the sake of the contract, or of real machines.
func (c pluginConfig) lacks(needed feature) (string, bool) {
	if needed == simulation && !c.isSimulated() {
		return "machines are real", true
	}
	why, lacking := wire.lacks[needed]
	return why, lacking
}

// simulated is a key that tells simulated machines how to behave; real ones behave as they do.
func (c *Case) simulated(key string, value interface{}) pluginConfig {
	if !c.config.isSimulated() {
		return nil
	}
	return pluginConfig{key: value}
}

// giveBack deletes what a case has left of real machines: an ended plugin leaves them to the next one of its group.
func (c *Case) giveBack() {
	if c.config.isSimulated() || !c.opened {
		return
	}
	// The case's own deadline may be what ended it.
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c.ctx = ctx
	session, _ := c.startGroup(nil, Settings{})
	defer session.client.Kill()
	var ids []string
	for id, state := range c.states(session) {
		if !strings.HasPrefix(state, "delet") {
			ids = append(ids, id)
		}
	}
	c.decrease(session, ids...)
	c.until("everything was deleted", func() bool { return len(c.states(session)) == 0 })
	err := session.Group.Shutdown(c.ctx)
	c.check(err == nil, "Shutdown: %s", errorText(err))
	session.kill()
}
