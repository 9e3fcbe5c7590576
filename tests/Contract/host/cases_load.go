package main

import (
	"fmt"
	"sync"
)

func loadCases() []contractCase {
	return []contractCase{
		{name: "fifty_parallel_calls_during_increase", needs: simulation, run: func(c *Case) {
			s, _ := c.startGroup(pluginConfig{"simulated_boot": "300ms"}, Settings{})
			c.increase(s, 5)
			ids := c.untilRunning(s, 5)
			stop := make(chan struct{})
			failures := make(chan error, 50)
			var callers sync.WaitGroup
			for caller := 0; caller < 50; caller++ {
				callers.Add(1)
				go func(id string, heartbeat bool) {
					defer callers.Done()
					for calls := 0; ; calls++ {
						select {
						case <-stop:
							if calls == 0 {
								failures <- fmt.Errorf("no call was made")
							}
							return
						default:
						}
						if err := c.oneCall(s, id, heartbeat); err != nil {
							failures <- err
							return
						}
					}
				}(ids[caller%5], caller%2 == 0)
			}
			c.increase(s, 10)
			failure := guard(func() { c.untilRunning(s, 15) })
			close(stop)
			callers.Wait()
			c.check(failure == "", "%s", failure)
			select {
			case err := <-failures:
				c.failf("a parallel call failed: %s", errorText(err))
			default:
			}
		}},
		{name: "a_thousand_instances_are_listed", needs: simulation, run: func(c *Case) {
			s, _ := c.startGroup(pluginConfig{"simulated_boot": "10m"}, Settings{})
			c.increase(s, 1000)
			c.check(len(c.states(s)) == 1000, "Update lists %d of 1000", len(c.states(s)))
			var ids []string
			for id := range c.states(s) {
				ids = append(ids, id)
			}
			c.decrease(s, ids...)
			c.untilGone(s, ids...)
		}},
	}
}

func (c *Case) oneCall(s *Session, id string, heartbeat bool) error {
	if heartbeat {
		return s.alive(c, id)
	}
	info, err := s.Group.ConnectInfo(c.ctx, id)
	if err == nil && info.ID != id {
		return fmt.Errorf("ConnectInfo(%s) is about %s", id, info.ID)
	}
	return err
}
