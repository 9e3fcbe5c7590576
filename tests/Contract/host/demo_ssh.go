package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// login connects as the runner does, but believes only the host key that the plugin put into this very machine.
func login(ctx context.Context, info ConnectInfo, hostKeyLine string) (*ssh.Client, error) {
	hostKey, _, _, _, err := ssh.ParseAuthorizedKey([]byte(hostKeyLine))
	if err != nil {
		return nil, fmt.Errorf("the plugin's host_key %q of %s: %w", hostKeyLine, info.ID, err)
	}
	signer, err := ssh.ParsePrivateKey(info.Key)
	if err != nil {
		return nil, fmt.Errorf("the login key of %s: %w", info.ID, err)
	}
	timeout := info.Timeout
	if timeout == 0 {
		timeout = time.Minute
	}
	port := info.ProtocolPort
	if port == 0 {
		port = 22
	}
	address := net.JoinHostPort(info.InternalAddr, strconv.Itoa(port))
	dialer := net.Dialer{Timeout: timeout}
	stream, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	// The handshake has no deadline of its own.
	defer closeWhenDone(ctx, stream)()
	conn, channels, requests, err := ssh.NewClientConn(stream, address, &ssh.ClientConfig{
		User:              info.Username,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyCallback:   ssh.FixedHostKey(hostKey),
		HostKeyAlgorithms: []string{hostKey.Type()},
		Timeout:           timeout,
	})
	if err != nil {
		stream.Close()
		return nil, fmt.Errorf("logging in to %s as %s: %w", address, info.Username, err)
	}
	return ssh.NewClient(conn, channels, requests), nil
}

// withLogin works in an instance that serves the very host key which the plugin's status names; whatever waits for the
// connection ends with the context.
func (d *demo) withLogin(ctx context.Context, info ConnectInfo, work func(*ssh.Client, instanceStatus) error) error {
	status, err := d.readStatus(ctx, info.ID)
	if err != nil {
		return err
	}
	client, err := login(ctx, info, status.HostKey)
	if err != nil {
		return err
	}
	defer client.Close()
	defer closeWhenDone(ctx, client)()
	return work(client, status)
}

// runScript gives a script to a shell's input and passes both its outputs on.
func runScript(client *ssh.Client, script string, output io.Writer) error {
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	defer session.Close()
	session.Stdin = strings.NewReader(script)
	session.Stdout = output
	session.Stderr = output
	err = session.Run("bash")
	if exit, ok := err.(*ssh.ExitError); ok {
		return fmt.Errorf("the job failed with exit code %d (its log is above)", exit.ExitStatus())
	}
	return err
}

func readFile(client *ssh.Client, path string) ([]byte, error) {
	session, err := client.NewSession()
	if err != nil {
		return nil, err
	}
	defer session.Close()
	content, err := session.Output("cat -- '" + path + "'")
	if err != nil {
		return nil, fmt.Errorf("reading the artifact %s: %w", path, err)
	}
	return content, nil
}

// closeWhenDone ends whatever waits for the connection when the context is done, until the function it returns is called.
func closeWhenDone(ctx context.Context, connection io.Closer) func() {
	finished := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
			connection.Close()
		case <-finished:
		}
	}()
	return func() { close(finished) }
}
