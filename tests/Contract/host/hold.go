package main

import (
	"context"
	"flag"
	"os"
	"time"
)

// runHold starts a plugin, serves a group with one instance and says who is who. Then it waits to be killed, which is what
// the test that calls it is about.
func runHold(args []string) error {
	flags := flag.NewFlagSet("hold", flag.ExitOnError)
	path := flags.String("plugin", "", "plugin executable")
	config := flags.String("config", `{"hypervisor":"simulated"}`, "plugin_config")
	autoMTLS := flags.Bool("automtls", false, "encrypt and authenticate the connection")
	limit := flags.Duration("for", time.Minute, "end by itself after this time")
	flags.Parse(args)

	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	settings, err := parseConfig(*config)
	if err != nil {
		return err
	}
	session, err := startPlugin(sessionOptions{plugin: *path, autoMTLS: *autoMTLS})
	if err != nil {
		return err
	}
	defer session.client.Kill()
	if _, err = session.Group.Init(ctx, settings.json(), Settings{}); err != nil {
		return err
	}
	if _, err = session.Group.Increase(ctx, 1); err != nil {
		return err
	}
	emit(map[string]interface{}{"host_pid": os.Getpid(), "plugin_pid": session.pid(), "socket": session.socket()})
	<-ctx.Done()
	return nil
}
