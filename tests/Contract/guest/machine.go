package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"
)

// The addresses are the same in every machine; docs/prepared-images.md has them.
var (
	address = net.IPv4(10, 255, 255, 2)
	netmask = net.IPv4(255, 255, 255, 252)
	gateway = net.IPv4(10, 255, 255, 1)
)

const (
	card = "eth0"
	// linux/sockios.h, linux/if.h, linux/route.h
	setFlags    = 0x8914
	setAddress  = 0x8916
	setNetmask  = 0x891c
	addRoute    = 0x890b
	up          = 0x1
	running     = 0x40
	routeUp     = 0x1
	viaGateway  = 0x2
	finitModule = 313
)

func mountAll() error {
	for _, m := range []struct{ kind, target string }{{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}} {
		if err := os.MkdirAll(m.target, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(m.kind, m.target, m.kind, 0, ""); err != nil && err != syscall.EBUSY {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	return os.MkdirAll("/etc", 0o755)
}

// loadModule loads a module of the initial RAM disk after those it needs.
func loadModule(name string) error {
	lists, err := filepath.Glob("/lib/modules/*/modules.dep")
	if err != nil || len(lists) != 1 {
		return fmt.Errorf("expected one list of modules, found %v (%v)", lists, err)
	}
	list, err := os.Open(lists[0])
	if err != nil {
		return err
	}
	defer list.Close()
	for lines := bufio.NewScanner(list); lines.Scan(); {
		file, needed, _ := strings.Cut(lines.Text(), ":")
		if strings.ReplaceAll(strings.TrimSuffix(path.Base(file), ".ko"), "-", "_") != name {
			continue
		}
		// What comes last is needed first.
		files := append([]string{file}, strings.Fields(needed)...)
		for i := len(files) - 1; i >= 0; i-- {
			if err := insert(filepath.Join(filepath.Dir(lists[0]), files[i])); err != nil {
				return err
			}
		}
		return nil
	}
	return nil // Part of the kernel.
}

func insert(file string) error {
	module, err := os.Open(file)
	if err != nil {
		return err
	}
	defer module.Close()
	parameters := []byte{0}
	_, _, errno := syscall.Syscall(finitModule, module.Fd(), uintptr(unsafe.Pointer(&parameters[0])), 0)
	if errno != 0 && errno != syscall.EEXIST {
		return fmt.Errorf("loading %s: %w", file, errno)
	}
	return nil
}

func configureNetwork() error {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(socket)
	for _, step := range []struct {
		name    string
		card    string
		request uintptr
		value   []byte
	}{
		{"starting lo", "lo", setFlags, flags(up | running)},
		{"the address", card, setAddress, socketAddress(address)},
		{"the netmask", card, setNetmask, socketAddress(netmask)},
		{"starting eth0", card, setFlags, flags(up | running)},
	} {
		request := make([]byte, 40) // struct ifreq
		copy(request, step.card)
		copy(request[16:], step.value)
		if err := control(socket, step.request, request); err != nil {
			return fmt.Errorf("%s of the network: %w", step.name, err)
		}
	}
	route := make([]byte, 120) // struct rtentry: destination at 8, gateway at 24, mask at 40, flags at 56
	copy(route[8:], socketAddress(net.IPv4zero))
	copy(route[24:], socketAddress(gateway))
	copy(route[40:], socketAddress(net.IPv4zero))
	binary.LittleEndian.PutUint16(route[56:], routeUp|viaGateway)
	if err := control(socket, addRoute, route); err != nil {
		return fmt.Errorf("the default route: %w", err)
	}
	return nil
}

func control(descriptor int, request uintptr, value []byte) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(descriptor), request, uintptr(unsafe.Pointer(&value[0]))); errno != 0 {
		return errno
	}
	return nil
}

func flags(value uint16) []byte { return binary.LittleEndian.AppendUint16(nil, value) }

// socketAddress is a struct sockaddr_in without a port.
func socketAddress(ip net.IP) []byte {
	value := make([]byte, 16)
	binary.LittleEndian.PutUint16(value, syscall.AF_INET)
	copy(value[4:], ip.To4())
	return value
}
