package main

import (
	"fmt"
	"syscall"
	"time"
)

func processCases() []contractCase {
	return []contractCase{
		{name: "kill_right_after_start", run: func(c *Case) { c.start() }},
		{name: "kill_while_instances_are_created", run: func(c *Case) {
			s, _ := c.startGroup(c.simulated("simulated_boot", "10m"), Settings{})
			c.increase(s, 8)
		}},
		{name: "kill_after_shutdown_ends_with_code_0", run: func(c *Case) {
			s, _ := c.startGroup(nil, Settings{})
			c.increase(s, 1)
			c.untilRunning(s, 1)
			err := s.Group.Shutdown(c.ctx)
			c.check(err == nil, "Shutdown: %s", errorText(err))
			s.kill()
			code := s.command.ProcessState.ExitCode()
			c.check(code == 0, "the plugin ended with code %d", code)
		}},
		{name: "kill_with_a_call_in_flight", run: func(c *Case) {
			s, _ := c.startGroup(nil, Settings{})
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					if _, err := s.Group.Update(c.ctx); err != nil {
						return
					}
				}
			}()
			time.Sleep(50 * time.Millisecond) // Some calls pass; the Kill comes in the middle of one.
			took, graceful := s.kill()
			c.check(graceful && took < 2*time.Second, "Kill took %v (graceful: %v)", took, graceful)
			<-done
		}},
		// systemd signals the whole control group: the host still needs its plugin then.
		{name: "stays_when_signalled_while_the_host_lives", run: func(c *Case) {
			s, _ := c.startGroup(nil, Settings{})
			c.increase(s, 1)
			ids := c.untilRunning(s, 1)
			for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP} {
				err := s.command.Process.Signal(signal)
				c.check(err == nil, "%v: %v", signal, err)
				for call := 0; call < 10; call++ { // A signal takes effect soon after it was sent, not at once.
					time.Sleep(20 * time.Millisecond)
					err = s.alive(c, ids[0])
					c.check(err == nil, "asked after %v: %s", signal, errorText(err))
				}
			}
		}},
	}
}

func pidText(s *Session) string { return fmt.Sprint(s.pid()) }
