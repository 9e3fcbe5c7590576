package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

// keyPair is an SSH key as files hold it.
type keyPair struct {
	private []byte
	public  string
}

func newKeyPair() keyPair {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // The kernel has no random numbers.
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		panic(err) // Only an unknown curve can fail.
	}
	public, err := ssh.NewPublicKey(&key.PublicKey)
	if err != nil {
		panic(err) // As before.
	}
	return keyPair{
		private: pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}),
		public:  strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))),
	}
}

// stockGuest is Debian as its packages leave it, made one machine by cloud-init's own modules.
func stockGuest(image, scratch string) copyBoot {
	return copyBoot{image: image, scratch: scratch, commandLine: "root=/dev/vda rw net.ifnames=0", seed: func(key, hostKey keyPair) map[string]string {
		return map[string]string{
			"meta-data": metaData(),
			"user-data": cloudConfig(object{
				"locale": false,
				"users": []object{{
					"name": bootUser, "shell": "/bin/bash", "sudo": "ALL=(ALL) NOPASSWD:ALL", "ssh_authorized_keys": []string{key.public},
				}},
				"ssh_keys": object{"ecdsa_private": string(hostKey.private), "ecdsa_public": hostKey.public},
			}),
			// JSON is YAML. A router's advertisement, which never comes, would be waited for.
			"network-config": toJSON(object{"version": 2, "ethernets": object{"eth0": object{
				"match": object{"macaddress": bootMac}, "set-name": "eth0", "addresses": []string{bootAddress + "/30"},
				"gateway4": bootGateway, "accept-ra": false, "link-local": []string{},
				"nameservers": object{"addresses": []string{bootGateway}},
			}}}),
		}
	}}
}

// emulationWords is what the plugin's driver adds to the kernel's command line under TCG.
const emulationWords = " norandmaps mitigations=off"

// ourGuest is the plugin's image, which is made for a quick boot, with a seed like the plugin's.
func ourGuest(image, scratch string) (copyBoot, error) {
	var manifest struct {
		CommandLine string `json:"kernel_command_line"`
	}
	text, err := os.ReadFile(filepath.Join(image, "manifest.json"))
	if err == nil {
		err = json.Unmarshal(text, &manifest)
	}
	return copyBoot{image: image, scratch: scratch, commandLine: manifest.CommandLine + emulationWords, seed: func(key, hostKey keyPair) map[string]string {
		return map[string]string{
			"meta-data": metaData() + "dsmode: local\n",
			"user-data": cloudConfig(object{"write_files": []object{
				{"path": "/etc/ssh/ssh_host_ecdsa_key", "owner": "root:root", "permissions": "0600", "content": string(hostKey.private)},
				{"path": "/home/" + bootUser + "/.ssh/authorized_keys", "owner": bootUser + ":" + bootUser, "permissions": "0600", "content": key.public + "\n"},
			}}),
		}
	}}, err
}

type object = map[string]interface{}

func metaData() string { return "instance-id: bench-1\nlocal-hostname: bench-1\n" }

func cloudConfig(config object) string { return "#cloud-config\n" + toJSON(config) }

func toJSON(value interface{}) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // Only our own literals go in.
	}
	return string(text) + "\n"
}
