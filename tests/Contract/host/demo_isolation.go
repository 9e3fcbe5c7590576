package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// repeatedFlag is a flag that may be repeated.
type repeatedFlag []string

func (l *repeatedFlag) String() string { return strings.Join(*l, " ") }

func (l *repeatedFlag) Set(address string) error {
	*l = append(*l, address)
	return nil
}

// checkIsolation asks every machine, while all of them run, what it can reach: the internet by both families, and neither
// the other machines nor us nor private addresses. Each forbidden place is shown to answer to us first.
func (d *demo) checkIsolation(ctx context.Context) error {
	if d.repository == "" {
		return nil
	}
	ours, err := net.Listen("tcp", "[::]:0")
	if err != nil {
		return err
	}
	defer ours.Close()
	forbidden := append(repeatedFlag{}, d.refused...)
	own, err := ownAddresses(ours)
	if err != nil {
		return err
	}
	forbidden = append(forbidden, own...)
	for id, instance := range d.instances {
		if instance.state == stateRunning {
			status, err := d.readStatus(ctx, id)
			if err != nil {
				return err
			}
			forbidden = append(forbidden, net.JoinHostPort(status.Address, "22"))
		}
	}
	for _, address := range forbidden {
		stream, err := net.DialTimeout("tcp", address, 10*time.Second)
		if err != nil {
			return fmt.Errorf("isolation: %s must answer to us, else a refusal to a guest proves nothing: %w", address, err)
		}
		stream.Close()
	}
	for id, instance := range d.instances {
		if instance.state != stateRunning {
			continue
		}
		if err := d.askGuest(ctx, id, forbidden); err != nil {
			return fmt.Errorf("isolation of %s: %w", id, err)
		}
		say("== %s: reaches the internet, and none of %s", id, strings.Join(forbidden, " "))
	}
	return nil
}

// ownAddresses is where a listener on all addresses of this network namespace can be reached from outside.
func ownAddresses(listener net.Listener) ([]string, error) {
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var result []string
	for _, address := range addresses {
		if ip := address.(*net.IPNet).IP; ip.IsGlobalUnicast() {
			result = append(result, net.JoinHostPort(ip.String(), port))
		}
	}
	return result, nil
}

func (d *demo) askGuest(ctx context.Context, id string, forbidden []string) error {
	info, err := d.session.Group.ConnectInfo(ctx, id)
	if err != nil {
		return fmt.Errorf("ConnectInfo: %s", errorText(err))
	}
	page, err := url.JoinPath(d.repository, "HEAD")
	if err != nil {
		return err
	}
	return d.withLogin(ctx, info, func(client *ssh.Client, _ instanceStatus) error {
		output := &lineWriter{line: func(text string) { say("[%s] %s", id, text) }}
		defer output.flush()
		return runScript(client, isolationScript(page, forbidden), output)
	})
}

// isolationScript fails with a word on each thing that is not as it must be. A refusal comes at once; what takes as long as
// the time limit was swallowed, and a job would hang there.
func isolationScript(page string, forbidden []string) string {
	return strings.NewReplacer("PAGE", page, "FORBIDDEN", strings.Join(forbidden, " ")).Replace(`set -uo pipefail
export LC_ALL=C.UTF-8
bad=0
wrong() { echo "wrong: $*"; bad=1; }
[ "$(id -u)" = 1000 ] || wrong "the login user has uid $(id -u)"
[ "$(sudo -n id -u)" = 0 ] || wrong "sudo does not work without a password"
curl -4 -fsS -o /dev/null --max-time 30 PAGE || wrong "no internet by IPv4"
curl -6 -fsS -o /dev/null --max-time 30 PAGE || wrong "no internet by IPv6"
python3 - FORBIDDEN <<'END' || bad=1
import socket, sys
bad = False
for place in sys.argv[1:]:
    address, port = place.rsplit(":", 1)
    try:
        socket.create_connection((address.strip("[]"), int(port)), timeout=10).close()
        outcome = "answered"
    except ConnectionRefusedError:
        continue
    except OSError as error:
        outcome = f"is not refused but: {error}"
    print("wrong:", place, outcome)
    bad = True
sys.exit(bad)
END
exit $bad
`)
}
