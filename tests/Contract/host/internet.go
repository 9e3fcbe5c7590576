package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// runInternet stands in for the internet inside a network namespace: files over HTTP and a resolver, until it is told to end.
func runInternet(args []string) error {
	flags := flag.NewFlagSet("internet", flag.ExitOnError)
	root := flags.String("root", "", "directory served over HTTP (bare git repositories made ready by git update-server-info)")
	accessLog := flags.String("access-log", "", "file that gets one line for each request: client, method, path, status")
	web := flags.String("http", "192.0.2.10:80", "addresses to serve HTTP on, separated by commas")
	dns := flags.String("dns", "192.0.2.53:53", "addresses to answer DNS on (UDP and TCP), separated by commas")
	names := flags.String("names", "", "name=address pairs separated by commas; all other names do not exist")
	flags.Parse(args)

	zone, err := parseZone(*names)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(*accessLog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("-access-log: %w", err)
	}
	defer log.Close()
	failures := make(chan error, 16)
	for _, address := range strings.Split(*web, ",") {
		if err := serveFiles(address, *root, log, failures); err != nil {
			return err
		}
	}
	for _, address := range strings.Split(*dns, ",") {
		if err := serveNames(address, zone, failures); err != nil {
			return err
		}
	}
	emit(map[string]interface{}{"ready": true})

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	select {
	case <-ctx.Done():
		return nil
	case err := <-failures:
		return err
	}
}

// zone maps a lower-case name without final dot to its addresses.
type zone map[string][]net.IP

func parseZone(text string) (zone, error) {
	result := zone{}
	for _, pair := range strings.Split(text, ",") {
		if pair == "" {
			continue
		}
		parts := strings.SplitN(pair, "=", 2)
		if len(parts) != 2 || net.ParseIP(parts[1]) == nil {
			return nil, fmt.Errorf("-names: %q is no name=address", pair)
		}
		name := strings.ToLower(parts[0])
		result[name] = append(result[name], net.ParseIP(parts[1]))
	}
	return result, nil
}
