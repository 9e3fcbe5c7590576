package main

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

const (
	agentPort    = ":1022"
	longestCall  = 16384
	callDeadline = 5 * time.Second
	// linux/random.h
	addEntropy = 0x40085203
	reseed     = 0x5207
)

// identity is what the plugin's line holds.
type identity struct {
	Hostname      string `json:"hostname"`
	MachineID     string `json:"machine_id"`
	User          string `json:"user"`
	AuthorizedKey string `json:"authorized_key"`
	HostKey       string `json:"host_key"`
	TimeNs        string `json:"time_ns"`
	Entropy       string `json:"entropy"`
}

// waitForIdentity listens until somebody has told this machine who it is and all of it is in force. Whoever connects and says
// nothing, or nothing that can be understood, changes nothing.
func waitForIdentity(serve func(identity) error) error {
	listener, err := net.Listen("tcp", agentPort)
	if err != nil {
		return err
	}
	defer listener.Close()
	fmt.Println("vmpool-guest: waiting for an identity")
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		told, err := answer(connection, serve)
		connection.Close()
		if err != nil {
			fmt.Printf("vmpool-guest: %v\n", err)
		}
		if told {
			return nil
		}
	}
}

func answer(connection net.Conn, serve func(identity) error) (told bool, err error) {
	if err := connection.SetDeadline(time.Now().Add(callDeadline)); err != nil {
		return false, err
	}
	line, err := bufio.NewReader(io.LimitReader(connection, longestCall)).ReadBytes('\n')
	if err != nil {
		return false, fmt.Errorf("a connection without a line: %w", err)
	}
	// The clock is about to be set, and the deadline goes by it.
	if err := connection.SetDeadline(time.Time{}); err != nil {
		return false, err
	}
	var call identity
	err = json.Unmarshal(line, &call)
	if err == nil {
		err = apply(call)
	}
	if err == nil {
		err = serve(call)
	}
	if err != nil {
		fmt.Fprintf(connection, "ERROR %v\n", err)
		return false, err
	}
	_, err = io.WriteString(connection, "OK\n")
	return true, err
}

func apply(call identity) error {
	// First of all: whatever comes later may use random numbers, and the time.
	if err := stir(call.Entropy); err != nil {
		return fmt.Errorf("entropy: %w", err)
	}
	nanoseconds, err := strconv.ParseInt(call.TimeNs, 10, 64)
	if err != nil {
		return fmt.Errorf("time_ns: %w", err)
	}
	now := syscall.NsecToTimeval(nanoseconds)
	if err := syscall.Settimeofday(&now); err != nil {
		return fmt.Errorf("time_ns: %w", err)
	}
	if err := syscall.Sethostname([]byte(call.Hostname)); err != nil {
		return fmt.Errorf("hostname: %w", err)
	}
	return os.WriteFile("/etc/machine-id", []byte(call.MachineID+"\n"), 0o444)
}

// stir gives the kernel's generator what only this machine was told, and has it forget what all clones had in common.
func stir(entropy string) error {
	data, err := base64.StdEncoding.DecodeString(entropy)
	if err != nil {
		return err
	}
	random, err := os.OpenFile("/dev/urandom", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer random.Close()
	request := binary.LittleEndian.AppendUint32(nil, uint32(8*len(data)))
	request = binary.LittleEndian.AppendUint32(request, uint32(len(data)))
	if err := control(int(random.Fd()), addEntropy, append(request, data...)); err != nil {
		return err
	}
	return control(int(random.Fd()), reseed, []byte{0})
}
