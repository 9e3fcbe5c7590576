package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"time"

	"golang.org/x/crypto/ssh"
)

func connectCases() []contractCase {
	return []contractCase{
		{name: "connect_info_of_an_unknown_id_is_an_error_naming_it", run: func(c *Case) {
			s, _ := c.startGroup(nil, Settings{})
			_, err := s.Group.ConnectInfo(c.ctx, "nobody-ever-heard-of-it")
			c.check(mentions(err, "nobody-ever-heard-of-it"), "ConnectInfo answered %q", errorText(err))
			c.readable(err)
		}},
		{name: "connect_info_of_a_creating_or_deleted_instance_is_an_error_naming_it", run: func(c *Case) {
			s, _ := c.startGroup(c.simulated("simulated_boot", "1s"), Settings{})
			c.increase(s, 1)
			for id := range c.states(s) {
				_, err := s.Group.ConnectInfo(c.ctx, id)
				c.check(mentions(err, id, stateCreating), "ConnectInfo of a creating instance answered %q", errorText(err))
			}
			id := c.untilRunning(s, 1)[0]
			c.decrease(s, id)
			_, err := s.Group.ConnectInfo(c.ctx, id)
			c.check(mentions(err, id), "ConnectInfo of a deleted instance answered %q", errorText(err))
		}},
		{name: "connect_info_fills_what_the_operator_left_open", run: func(c *Case) {
			s, _ := c.startGroup(nil, Settings{})
			c.increase(s, 2)
			ids := c.untilRunning(s, 2)
			first, second := c.connectInfo(s, ids[0]), c.connectInfo(s, ids[1])
			c.check(first.Protocol == "ssh", "protocol is %q", first.Protocol)
			c.check(first.OS == "linux", "os is %q", first.OS)
			c.check(first.Arch == "amd64" || first.Arch == "arm64", "arch is %q", first.Arch)
			c.check(first.Username == "ci", "username is %q", first.Username)
			c.check(first.InternalAddr != "" && first.ExternalAddr == "", "addresses are %q and %q", first.InternalAddr, first.ExternalAddr)
			c.check(first.InternalAddr != second.InternalAddr, "both instances have the address %s", first.InternalAddr)
			c.check(first.Expires == nil, "expires is %v", first.Expires)
			c.check(!first.UseStaticCredentials, "static credentials nobody asked for")
			for _, info := range []ConnectInfo{first, second} {
				_, err := ssh.ParsePrivateKey(info.Key)
				c.check(err == nil, "the login key of %s cannot be parsed: %v", info.ID, err)
			}
			c.check(!bytes.Equal(first.Key, second.Key), "two instances share a login key")
		}},
		{name: "vm_user_is_the_username", needs: simulation, run: func(c *Case) {
			s, _ := c.startGroup(pluginConfig{"vm_user": "builder"}, Settings{})
			c.increase(s, 1)
			info := c.connectInfo(s, c.untilRunning(s, 1)[0])
			c.check(info.Username == "builder", "username is %q with vm_user builder", info.Username)
		}},
		{name: "operators_connector_settings_win", needs: simulation, run: func(c *Case) {
			key := newKey()
			settings := Settings{
				OS: "linux", Arch: "arm64", Protocol: "ssh", ProtocolPort: 2222, Username: "ops", Password: "pässwörd",
				Key: key, UseStaticCredentials: true, Keepalive: 17 * time.Second, Timeout: 90*time.Second + 500*time.Millisecond,
			}
			s, _ := c.startGroup(nil, settings)
			c.increase(s, 1)
			info := c.connectInfo(s, c.untilRunning(s, 1)[0])
			c.check(info.Arch == "arm64" && info.ProtocolPort == 2222 && info.Username == "ops" && info.Password == "pässwörd",
				"got arch %q, port %d, user %q, password %q", info.Arch, info.ProtocolPort, info.Username, info.Password)
			c.check(bytes.Equal(info.Key, key), "the operator's key did not come back")
			c.check(info.UseStaticCredentials, "static credentials were not kept")
			c.check(info.Keepalive == settings.Keepalive && info.Timeout == settings.Timeout,
				"got keepalive %v and timeout %v", info.Keepalive, info.Timeout)
			c.check(info.Expires == nil, "expires is %v", info.Expires)
		}},
		{name: "static_password_alone_makes_no_key", needs: simulation, run: func(c *Case) {
			s, _ := c.startGroup(nil, Settings{Password: "geheim", UseStaticCredentials: true})
			c.increase(s, 1)
			info := c.connectInfo(s, c.untilRunning(s, 1)[0])
			c.check(info.Password == "geheim" && len(info.Key) == 0, "got password %q and a key of %d bytes", info.Password, len(info.Key))
		}},
	}
}

func (c *Case) connectInfo(s *Session, id string) ConnectInfo {
	info, err := s.Group.ConnectInfo(c.ctx, id)
	c.check(err == nil, "ConnectInfo(%s): %s", id, errorText(err))
	return info
}

// newKey is a login key in the form operators make with openssl.
func newKey() []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
