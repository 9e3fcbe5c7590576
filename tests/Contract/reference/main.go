// The reference plugin: simulated instances behind go-plugin's own server. The contract suite is tried on it, which keeps
// the suite honest (an independent implementation passes it), and its start is what ours is compared with.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	pb "hosttest/fleeting"
)

type groupPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	server *groupServer
}

func (p groupPlugin) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	pb.RegisterInstanceGroupServer(server, p.server)
	return nil
}

func (groupPlugin) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (interface{}, error) {
	return nil, fmt.Errorf("this program is a plugin, not a host")
}

func main() {
	// SIGPIPE: the first log line after the host's death would end us before the socket is removed.
	signal.Ignore(syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGPIPE)
	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Info, Output: os.Stderr, JSONFormat: true})
	go endWithHost(os.Getppid())
	plugins := plugin.PluginSet{"instancegroup": groupPlugin{server: newGroupServer(logger)}}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: 1, MagicCookieKey: "VMPOOL_HOSTTEST_PLUGIN", MagicCookieValue: "let me in",
		},
		VersionedPlugins: map[int]plugin.PluginSet{2: plugins, 3: plugins, 7: plugins},
		Plugins:          plugins,
		GRPCServer:       plugin.DefaultGRPCServer,
		Logger:           logger,
	})
}

// endWithHost is what go-plugin's server lacks: it would outlive a host that was killed.
func endWithHost(host int) {
	for os.Getppid() == host {
		time.Sleep(200 * time.Millisecond)
	}
	if address := socketOfThisProcess(); address != "" {
		os.Remove(address)
	}
	os.Exit(0)
}
