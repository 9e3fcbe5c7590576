// The guest of a prepared image, all of it: one program that is the first process, the agent and the SSH server of a virtual
// machine, with the kernel and the modules of a Debian initial RAM disk beneath. It does what docs/prepared-images.md asks for
// and nothing more.
//
// Outside of a guest, `guest pack BASE OUT` puts itself in front of the initial RAM disk BASE; the kernel then starts it
// with rdinit=/vmpool-guest.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const inGuest = "/vmpool-guest"

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "guest: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	switch {
	case os.Getpid() == 1:
		return live()
	case filepath.Base(os.Args[0]) == "hostname":
		return printHostname()
	case len(os.Args) == 4 && os.Args[1] == "pack":
		return pack(os.Args[2], os.Args[3])
	}
	return fmt.Errorf("usage: guest pack BASE OUT (as the first process of a machine: no arguments)")
}

// live is the whole life of the machine.
func live() error {
	if err := mountAll(); err != nil {
		return err
	}
	for _, module := range []string{"virtio_pci", "virtio_blk", "virtio_net"} {
		if err := loadModule(module); err != nil {
			return err
		}
	}
	if err := configureNetwork(); err != nil {
		return err
	}
	if err := makeCommands(); err != nil {
		return err
	}
	if err := waitForIdentity(serveLogins); err != nil {
		return err
	}
	select {} // The logins go on; the end of this process would be the kernel's.
}

// makeCommands gives jobs the names they call: the initial RAM disk has a shell, but not under this name, and no hostname.
func makeCommands() error {
	if err := os.Symlink(inGuest, "/usr/bin/hostname"); err != nil && !os.IsExist(err) {
		return err
	}
	if err := os.Symlink("sh", "/usr/bin/bash"); err != nil && !os.IsExist(err) {
		return err
	}
	return nil
}

func printHostname() error {
	name, err := os.Hostname()
	if err == nil {
		fmt.Println(name)
	}
	return err
}
