package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"

	"golang.org/x/crypto/ssh"
)

// serveLogins lets one user in, with one key, and runs that user's commands. It returns as soon as logins are possible.
func serveLogins(call identity) error {
	hostKey, err := ssh.ParsePrivateKey([]byte(call.HostKey))
	if err != nil {
		return fmt.Errorf("host_key: %w", err)
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(call.AuthorizedKey))
	if err != nil {
		return fmt.Errorf("authorized_key: %w", err)
	}
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(login ssh.ConnMetadata, offered ssh.PublicKey) (*ssh.Permissions, error) {
			if login.User() == call.User && bytes.Equal(offered.Marshal(), key.Marshal()) {
				return nil, nil
			}
			return nil, fmt.Errorf("not the key of %s", call.User)
		},
	}
	config.AddHostKey(hostKey)
	listener, err := net.Listen("tcp", ":22")
	if err != nil {
		return err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				fmt.Printf("vmpool-guest: no more logins: %v\n", err)
				return
			}
			go serveConnection(connection, config)
		}
	}()
	return nil
}

func serveConnection(connection net.Conn, config *ssh.ServerConfig) {
	login, channels, requests, err := ssh.NewServerConn(connection, config)
	if err != nil {
		connection.Close()
		return
	}
	defer login.Close()
	go ssh.DiscardRequests(requests)
	for channel := range channels {
		if channel.ChannelType() != "session" {
			// The other side is told; whether it hears that is its business.
			_ = channel.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		go serveSession(channel)
	}
}

func serveSession(wanted ssh.NewChannel) {
	channel, requests, err := wanted.Accept()
	if err != nil {
		return
	}
	defer channel.Close()
	for request := range requests {
		var call struct{ Command string }
		isCommand := request.Type == "exec" && ssh.Unmarshal(request.Payload, &call) == nil
		if request.WantReply && request.Reply(isCommand, nil) != nil {
			return
		}
		if isCommand {
			status := struct{ Code uint32 }{runCommand(call.Command, channel)}
			// Sent or not, the session is over.
			_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(&status))
			return
		}
	}
}

func runCommand(text string, channel ssh.Channel) uint32 {
	command := exec.Command("/usr/bin/sh", "-c", text)
	command.Env = []string{"PATH=/usr/bin:/usr/sbin:/bin:/sbin", "HOME=/"}
	command.Stdout, command.Stderr = channel, channel.Stderr()
	// Its end does not wait for the end of its input, which may never come.
	input, err := command.StdinPipe()
	if err == nil {
		go func() {
			defer input.Close()
			_, _ = io.Copy(input, channel) // A command need not read all it is given.
		}()
		err = command.Run()
	}
	if exit, ok := err.(*exec.ExitError); ok {
		return uint32(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(channel.Stderr(), err)
		return 127
	}
	return 0
}
