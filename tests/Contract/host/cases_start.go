package main

import (
	"os"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

func startCases() []contractCase {
	return []contractCase{
		{name: "starts_answers_ping_and_dispenses", run: func(c *Case) {
			s := c.start()
			c.check(s.client.Protocol() == plugin.ProtocolGRPC, "protocol is %q", s.client.Protocol())
			c.check(s.rpc.Ping() == nil, "Ping: %v", s.rpc.Ping())
			socket, err := os.Stat(s.socket())
			c.check(err == nil && socket.Mode()&os.ModeSocket != 0, "%s is no socket (%v)", s.socket(), err)
		}},
		{name: "answers_the_highest_offered_version", run: func(c *Case) {
			c.options.versions = []int{2, 7, 3}
			s := c.start()
			c.check(s.client.NegotiatedVersion() == 7, "negotiated %d of 1, 2, 3, 7", s.client.NegotiatedVersion())
			c.check(s.rpc.Ping() == nil, "Ping: %v", s.rpc.Ping())
		}},
		// A certificate's length varies from start to start, and with it what base64 padding would break.
		{name: "starts_every_time", run: func(c *Case) {
			for i := 0; i < 10; i++ {
				s := c.start()
				c.check(s.rpc.Ping() == nil, "Ping of start %d: %v", i+1, s.rpc.Ping())
				s.kill()
			}
		}},
		{name: "unknown_method_is_unimplemented", run: func(c *Case) {
			s := c.start()
			err := s.conn().Invoke(c.ctx, "/"+wire.service+"/Levitate", &emptypb.Empty{}, &emptypb.Empty{})
			c.check(status.Code(err) == codes.Unimplemented, "an unknown method answered %v", err)
			c.check(s.rpc.Ping() == nil, "Ping afterwards: %v", s.rpc.Ping())
		}},
		{name: "calls_before_init_say_so", run: func(c *Case) {
			s := c.start()
			_, err := s.Group.Update(c.ctx)
			c.check(mentions(err, "Init"), "Update before Init answered %q", errorText(err))
			_, err = s.Group.Increase(c.ctx, 1)
			c.check(mentions(err, "Init"), "Increase before Init answered %q", errorText(err))
			c.check(s.rpc.Ping() == nil, "Ping afterwards: %v", s.rpc.Ping())
		}},
	}
}
