//go:build !renamed && !streamed && !mapped && !callback

package main

import (
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	pb "hosttest/fleeting"
)

var wire = wireContract{service: "vmpool.fleeting.v1.InstanceGroup"}

// canonicalGroup speaks proto/fleeting.proto.
type canonicalGroup struct {
	client pb.InstanceGroupClient
}

func newGroup(conn *grpc.ClientConn, _ *plugin.GRPCBroker) Group {
	return &canonicalGroup{client: pb.NewInstanceGroupClient(conn)}
}

func (g *canonicalGroup) Init(ctx context.Context, config []byte, settings Settings) (ProviderInfo, error) {
	answer, err := g.client.Init(ctx, &pb.InitRequest{Config: config, Settings: toConnectorConfig(settings)})
	if err != nil {
		return ProviderInfo{}, err
	}
	return ProviderInfo{
		ID:           answer.GetId(),
		MaxSize:      int(answer.GetMaxSize()),
		Version:      answer.GetVersion(),
		BuildInfo:    answer.GetBuildInfo(),
		Capabilities: answer.GetCapabilities(),
	}, nil
}

func (g *canonicalGroup) Update(ctx context.Context) ([]Instance, error) {
	answer, err := g.client.Update(ctx, &pb.UpdateRequest{})
	if err != nil {
		return nil, err
	}
	instances := make([]Instance, 0, len(answer.GetInstances()))
	for _, instance := range answer.GetInstances() {
		instances = append(instances, Instance{ID: instance.GetId(), State: instance.GetState()})
	}
	return instances, nil
}

func (g *canonicalGroup) Increase(ctx context.Context, count int) (int, error) {
	answer, err := g.client.Increase(ctx, &pb.IncreaseRequest{Count: int32(count)})
	if err != nil {
		return 0, err
	}
	return int(answer.GetSucceeded()), textError(answer.GetError())
}

func (g *canonicalGroup) Decrease(ctx context.Context, ids []string) ([]string, error) {
	answer, err := g.client.Decrease(ctx, &pb.DecreaseRequest{Ids: ids})
	if err != nil {
		return nil, err
	}
	return answer.GetSucceeded(), textError(answer.GetError())
}

func (g *canonicalGroup) ConnectInfo(ctx context.Context, id string) (ConnectInfo, error) {
	answer, err := g.client.ConnectInfo(ctx, &pb.ConnectInfoRequest{Id: id})
	if err != nil {
		return ConnectInfo{}, err
	}
	return ConnectInfo{
		Settings:     fromConnectorConfig(answer.GetConfig()),
		ID:           answer.GetId(),
		ExternalAddr: answer.GetExternalAddr(),
		InternalAddr: answer.GetInternalAddr(),
		Expires:      toTime(answer.Expires),
	}, nil
}

func (g *canonicalGroup) Heartbeat(ctx context.Context, id string) error {
	_, err := g.client.Heartbeat(ctx, &pb.HeartbeatRequest{Id: id})
	return err
}

func (g *canonicalGroup) Suspend(ctx context.Context, ids []string) ([]string, error) {
	answer, err := g.client.Suspend(ctx, &pb.SuspendRequest{Ids: ids})
	if err != nil {
		return nil, err
	}
	return answer.GetSucceeded(), textError(answer.GetError())
}

func (g *canonicalGroup) Resume(ctx context.Context, ids []string) ([]string, error) {
	answer, err := g.client.Resume(ctx, &pb.ResumeRequest{Ids: ids})
	if err != nil {
		return nil, err
	}
	return answer.GetSucceeded(), textError(answer.GetError())
}

func (g *canonicalGroup) Shutdown(ctx context.Context) error {
	_, err := g.client.Shutdown(ctx, &pb.ShutdownRequest{})
	return err
}

func toConnectorConfig(s Settings) *pb.ConnectorConfig {
	return &pb.ConnectorConfig{
		Os:                   s.OS,
		Arch:                 s.Arch,
		Protocol:             s.Protocol,
		ProtocolPort:         int32(s.ProtocolPort),
		Username:             s.Username,
		Password:             s.Password,
		Key:                  s.Key,
		UseStaticCredentials: s.UseStaticCredentials,
		Keepalive:            toDuration(s.Keepalive),
		Timeout:              toDuration(s.Timeout),
	}
}

func fromConnectorConfig(c *pb.ConnectorConfig) Settings {
	return Settings{
		OS:                   c.GetOs(),
		Arch:                 c.GetArch(),
		Protocol:             c.GetProtocol(),
		ProtocolPort:         int(c.GetProtocolPort()),
		Username:             c.GetUsername(),
		Password:             c.GetPassword(),
		Key:                  c.GetKey(),
		UseStaticCredentials: c.GetUseStaticCredentials(),
		Keepalive:            c.GetKeepalive().AsDuration(),
		Timeout:              c.GetTimeout().AsDuration(),
	}
}
