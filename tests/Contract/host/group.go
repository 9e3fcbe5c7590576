package main

import (
	"context"
	"time"
)

// Group is fleeting's instance group in plain Go types. Cases, demo and measurements are written against it alone, so that
// a host for another wire contract only needs another contract_*.go with its newGroup.
type Group interface {
	// Init hands over plugin_config as JSON and the operator's connector_config.
	Init(ctx context.Context, config []byte, settings Settings) (ProviderInfo, error)
	Update(ctx context.Context) ([]Instance, error)
	// Increase may succeed for fewer than asked and say why at the same time.
	Increase(ctx context.Context, count int) (int, error)
	// Decrease may succeed for some ids and say why not for others at the same time.
	Decrease(ctx context.Context, ids []string) ([]string, error)
	ConnectInfo(ctx context.Context, id string) (ConnectInfo, error)
	Heartbeat(ctx context.Context, id string) error
	Suspend(ctx context.Context, ids []string) ([]string, error)
	Resume(ctx context.Context, ids []string) ([]string, error)
	Shutdown(ctx context.Context) error
}

// Settings is connector_config; a zero field means "not set".
type Settings struct {
	OS                   string
	Arch                 string
	Protocol             string
	ProtocolPort         int
	Username             string
	Password             string
	Key                  []byte
	UseStaticCredentials bool
	Keepalive            time.Duration
	Timeout              time.Duration
}

// ProviderInfo is what Init answers.
type ProviderInfo struct {
	ID           string
	MaxSize      int
	Version      string
	BuildInfo    string
	Capabilities []string
}

// Instance is one line of Update.
type Instance struct {
	ID    string
	State string
}

// ConnectInfo tells how to reach one instance.
type ConnectInfo struct {
	Settings
	ID           string
	ExternalAddr string
	InternalAddr string
	// Expires is nil when the credentials do not lapse.
	Expires *time.Time
}

// The states fleeting knows and we use.
const (
	stateCreating = "creating"
	stateRunning  = "running"
	stateDeleting = "deleting"
	stateDeleted  = "deleted"
)
