package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

// The plugin under test enforces no cookie; the reference plugin, being a Go one, does.
var handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "VMPOOL_HOSTTEST_PLUGIN",
	MagicCookieValue: "let me in",
}

const groupPluginName = "instancegroup"

// groupPlugin dispenses the client side of the instance group.
type groupPlugin struct {
	plugin.NetRPCUnsupportedPlugin
}

func (groupPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return fmt.Errorf("this program is a host, not a plugin")
}

func (groupPlugin) GRPCClient(_ context.Context, broker *plugin.GRPCBroker, conn *grpc.ClientConn) (interface{}, error) {
	return newGroup(conn, broker), nil
}

// Session is one plugin process and go-plugin's client of it.
type Session struct {
	client  *plugin.Client
	rpc     plugin.ClientProtocol
	command *exec.Cmd
	Group   Group
	Logs    *LogSink
	// Started is the time from exec to the parsed handshake line.
	Started time.Duration
}

type sessionOptions struct {
	plugin   string
	autoMTLS bool
	// versions offered besides the handshake's own.
	versions []int
	// onRecord sees every log entry as it comes.
	onRecord func(Record)
}

// startPlugin launches the plugin, connects and dispenses the group; on error the process is gone.
func startPlugin(options sessionOptions) (*Session, error) {
	sink := newLogSink(filepath.Base(options.plugin))
	plugins := plugin.PluginSet{groupPluginName: groupPlugin{}}
	versioned := map[int]plugin.PluginSet{}
	for _, version := range options.versions {
		versioned[version] = plugins
	}
	command := exec.Command(options.plugin)
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  handshake,
		Plugins:          plugins,
		VersionedPlugins: versioned,
		Cmd:              command,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         options.autoMTLS,
		StartTimeout:     30 * time.Second,
		Logger: hclog.New(&hclog.LoggerOptions{
			Name: hostLogger, Level: hclog.Trace, Output: sink, JSONFormat: true,
		}),
	})
	session := &Session{client: client, command: command, Logs: sink}
	// With AutoMTLS go-plugin first makes a certificate, which is not the plugin's time: the clock starts at its last entry
	// before exec. Should a later go-plugin word that entry differently, the clock starts early, never late.
	begin := time.Now()
	sink.onRecord = func(record Record) {
		if !record.FromPlugin && record.Message == "starting plugin" {
			begin = time.Now()
		}
		if options.onRecord != nil {
			options.onRecord(record)
		}
	}
	_, err := client.Start()
	session.Started = time.Since(begin)
	if err != nil {
		return session, fmt.Errorf("starting %s: %w", options.plugin, err)
	}
	rpc, err := client.Client()
	if err != nil {
		client.Kill()
		return session, fmt.Errorf("connecting to %s: %w", options.plugin, err)
	}
	session.rpc = rpc
	dispensed, err := rpc.Dispense(groupPluginName)
	if err != nil {
		client.Kill()
		return session, fmt.Errorf("dispensing %q: %w", groupPluginName, err)
	}
	session.Group = dispensed.(Group)
	return session, nil
}

func (s *Session) pid() int { return s.command.Process.Pid }

// socket is the path from the handshake line.
func (s *Session) socket() string {
	address, err := s.client.Start() // Answers from memory once started.
	if err != nil {
		return ""
	}
	return address.(*net.UnixAddr).Name
}

// leftBehind tells whether the socket, or the directory made for it, outlived the plugin.
func (s *Session) leftBehind() bool {
	path := s.socket()
	if path == "" {
		return false
	}
	if directory := filepath.Dir(path); directory != filepath.Clean(os.TempDir()) {
		path = directory
	}
	_, err := os.Lstat(path)
	return !os.IsNotExist(err)
}

// conn is the raw channel, for calls that no generated client offers.
func (s *Session) conn() *grpc.ClientConn { return s.rpc.(*plugin.GRPCClient).Conn }

// kill ends the plugin as the runner does and tells how long that took and whether the plugin went by itself.
func (s *Session) kill() (took time.Duration, graceful bool) {
	begin := time.Now()
	s.client.Kill()
	_, forced := s.Logs.find(func(r Record) bool { return !r.FromPlugin && r.Message == "plugin failed to exit gracefully" })
	return time.Since(begin), !forced
}
