package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// copyBoot is what everybody else does, without our plugin: copy the whole disk, boot it cold, let cloud-init make one
// machine of it. Wherever a choice had to be made it is the one that makes this faster: the image lies in the page cache,
// the kernel is booted without firmware and boot loader, the network stands before the clock starts, flushes are not
// passed on to the host's disk, and the guest has no DHCP to wait for.
type copyBoot struct {
	// image holds disk.raw, vmlinuz and initrd.img; scratch is on the same file system.
	image, scratch string
	commandLine    string
	kvm            bool
	seed           func(key, hostKey keyPair) map[string]string
}

const (
	bootTap     = "bench0"
	bootGateway = "10.255.255.1"
	bootAddress = "10.255.255.2"
	bootMac     = "52:54:00:00:00:02"
	bootUser    = "ci"
	// Far more than a boot takes on a busy machine.
	bootLimit = 15 * time.Minute
)

// bootLap is one run of it; the steps are in order and last from the one before.
type bootLap struct {
	running, job        time.Duration
	steps               []timelineEntry
	privateMiB, diskMiB float64
}

// openBootNetwork makes the device that the guest is attached to; it stands before anything is measured.
func openBootNetwork() error {
	closeBootNetwork()
	return firstError(
		run("ip", "tuntap", "add", bootTap, "mode", "tap"),
		run("ip", "address", "add", bootGateway+"/30", "dev", bootTap),
		run("ip", "link", "set", bootTap, "up"))
}

func closeBootNetwork() { _ = run("ip", "link", "delete", bootTap) } // It may not be there.

func (c copyBoot) measure(ctx context.Context) (lap bootLap, err error) {
	ctx, cancel := context.WithTimeout(ctx, bootLimit)
	defer cancel()
	key, hostKey := newKeyPair(), newKeyPair()
	if err = os.RemoveAll(c.scratch); err != nil {
		return lap, err
	}
	if err = os.MkdirAll(c.scratch, 0o700); err != nil {
		return lap, err
	}
	defer os.RemoveAll(c.scratch)
	disk, seed := filepath.Join(c.scratch, "disk.raw"), filepath.Join(c.scratch, "seed.iso")
	begin, last := time.Now(), time.Now()
	finish := func(step string) {
		lap.steps = append(lap.steps, timelineEntry{step, milliseconds(time.Since(last))})
		last = time.Now()
	}

	// Holes stay holes, as in any copy of an image; sharing extents would not be a copy.
	if err = run("cp", "--reflink=never", "--sparse=auto", filepath.Join(c.image, "disk.raw"), disk); err != nil {
		return lap, err
	}
	finish("copy")
	if err = c.writeSeed(seed, key, hostKey); err != nil {
		return lap, err
	}
	finish("seed")
	console := filepath.Join(c.scratch, "console")
	guest := exec.Command("qemu-system-x86_64", c.arguments(disk, seed, console)...)
	guest.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err = guest.Start(); err != nil {
		return lap, err
	}
	ended := make(chan struct{})
	go func() { guest.Wait(); cancel(); close(ended) }()
	defer func() { guest.Process.Kill(); <-ended }()
	if err = waitForBanner(ctx, net.JoinHostPort(bootAddress, "22")); err != nil {
		return lap, fmt.Errorf("the booted guest's sshd: %w; its console ends: %s", err, tail(console))
	}
	finish("boot")
	lap.running = time.Since(begin)

	info := ConnectInfo{InternalAddr: bootAddress, Settings: Settings{Username: bootUser, Key: key.private, Timeout: time.Minute}}
	connection, loggedIn, err := runTrue(ctx, info, hostKey.public)
	if err != nil {
		return lap, fmt.Errorf("the booted guest: %w; its console ends: %s", err, tail(console))
	}
	defer connection.Close()
	lap.job = time.Since(begin)
	lap.steps = append(lap.steps, timelineEntry{"login", milliseconds(loggedIn.Sub(last))}, timelineEntry{"job", milliseconds(time.Since(loggedIn))})
	if lap.privateMiB, err = privateMemory(guest.Process.Pid); err != nil {
		return lap, err
	}
	lap.diskMiB, err = ownDisk(c.scratch)
	return lap, err
}

// arguments are those of the plugin's own machines, apart from what only its sandbox needs.
func (c copyBoot) arguments(disk, seed, console string) []string {
	accelerator, processor := "tcg,thread=multi", "max,erms=off,la57=off,smap=off"
	if c.kvm {
		accelerator, processor = "kvm", "host"
	}
	return []string{
		"-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35", "-accel", accelerator, "-cpu", processor,
		"-smp", "1", "-m", "1024M", "-serial", "file:" + console,
		"-drive", "if=none,id=disk0,format=raw,cache=unsafe,discard=unmap,file=" + disk, "-device", "virtio-blk-pci,drive=disk0",
		"-drive", "if=none,id=disk1,format=raw,readonly=on,file=" + seed, "-device", "virtio-blk-pci,drive=disk1",
		"-netdev", "tap,id=net0,script=no,downscript=no,ifname=" + bootTap,
		"-device", "virtio-net-pci,netdev=net0,romfile=,mac=" + bootMac, "-device", "virtio-rng-pci",
		"-kernel", filepath.Join(c.image, "vmlinuz"), "-initrd", filepath.Join(c.image, "initrd.img"),
		"-append", c.commandLine + " console=ttyS0",
	}
}

func (c copyBoot) writeSeed(path string, key, hostKey keyPair) error {
	directory := path + ".d"
	if err := os.Mkdir(directory, 0o700); err != nil {
		return err
	}
	arguments := []string{"-quiet", "-input-charset", "utf-8", "-output", path, "-volid", "cidata", "-joliet", "-rational-rock"}
	for name, content := range c.seed(key, hostKey) {
		file := filepath.Join(directory, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			return err
		}
		arguments = append(arguments, file)
	}
	return run("genisoimage", arguments...)
}

// waitForBanner returns when a server at the address has said that it speaks SSH.
func waitForBanner(ctx context.Context, address string) error {
	var last error
	for {
		connection, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if err == nil {
			connection.SetReadDeadline(time.Now().Add(10 * time.Second))
			line, reading := bufio.NewReader(connection).ReadString('\n')
			connection.Close()
			if strings.HasPrefix(line, "SSH-") {
				return nil
			}
			err = fmt.Errorf("it said %q: %v", line, reading)
		}
		last = err
		if sleepUntil(ctx, time.Now().Add(10*time.Millisecond)) != nil {
			return fmt.Errorf("the machine ended or %v were over; last try: %v", bootLimit, last)
		}
	}
}

// run is a short program of the host.
func run(program string, arguments ...string) error {
	output, err := exec.Command(program, arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, strings.Join(arguments, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}

// tail is the end of a file, for the report of a failure.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return tailOf(string(text))
}

func tailOf(text string) string {
	const enough = 2000
	if len(text) > enough {
		text = text[len(text)-enough:]
	}
	return text
}
