// The test host: a Go program that launches a fleeting plugin with go-plugin's real client, as GitLab Runner does.
package main

import (
	"fmt"
	"os"
)

type command struct {
	name    string
	summary string
	run     func(args []string) error
}

func commands() []command {
	return []command{
		{"suite", "run the contract cases against a plugin", runSuite},
		{"hold", "start a plugin and keep it until killed", runHold},
		{"init", "call Init and say what it answers", runInit},
		{"handshake", "measure exec to handshake line", runHandshake},
		{"search", "measure how long the plugin looks for this program's contract", runSearch},
		{"rss", "measure resident memory with simulated instances", runRss},
		{"update", "measure Update over simulated instances", runUpdate},
		{"bench", "measure every way to a virtual machine, and the plugin", runBench},
		{"bench-against", "measure clones of two plugins in turns", runBenchAgainst},
		{"bench-report", "write table and picture of a bench.json again", runBenchReport},
		{"demo", "give real CI jobs to real instances", runDemo},
		{"recovery", "kill the plugin in the middle of its work and look what becomes of real instances", runRecovery},
		{"crash", "one of recovery's crashes: work until a machine runs and another is half made, then kill the plugin", runCrash},
		{"guests", "run one script in several instances and keep what each says", runGuests},
		{"docker", "use Docker in several instances as docker-autoscaler does, and keep what each says", runDocker},
		{"internet", "serve git over HTTP and DNS inside a namespace", runInternet},
	}
}

func main() {
	if len(os.Args) > 1 {
		for _, command := range commands() {
			if command.name == os.Args[1] {
				if err := command.run(os.Args[2:]); err != nil {
					fmt.Fprintf(os.Stderr, "host %s: %v\n", command.name, err)
					os.Exit(1)
				}
				return
			}
		}
	}
	fmt.Fprintln(os.Stderr, "usage: host COMMAND [FLAGS]; commands:")
	for _, command := range commands() {
		fmt.Fprintf(os.Stderr, "  %-12s %s\n", command.name, command.summary)
	}
	os.Exit(2)
}
