//go:build renamed

package main

import (
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	pb "hosttest/renamed"
)

var wire = wireContract{service: "acme.autoscale.v2.FleetProvider"}

// renamedGroup speaks contracts/renamed.proto.
type renamedGroup struct {
	client pb.FleetProviderClient
}

func newGroup(conn *grpc.ClientConn, _ *plugin.GRPCBroker) Group {
	return &renamedGroup{client: pb.NewFleetProviderClient(conn)}
}

func (g *renamedGroup) Init(ctx context.Context, config []byte, s Settings) (ProviderInfo, error) {
	answer, err := g.client.Initialize(ctx, &pb.Begin{PluginConfig: config, ConnectorConfig: &pb.Access{
		Platform:          s.OS,
		Architecture:      s.Arch,
		ConnectorProtocol: s.Protocol,
		SshPort:           uint32(s.ProtocolPort),
		Login:             s.Username,
		Passwd:            s.Password,
		PrivateKey:        s.Key,
		StaticCredentials: s.UseStaticCredentials,
		KEEP_ALIVE:        toDuration(s.Keepalive),
		DialTimeout:       toDuration(s.Timeout),
	}})
	if err != nil {
		return ProviderInfo{}, err
	}
	return ProviderInfo{
		ID:           answer.GetGroup(),
		MaxSize:      int(answer.GetMaxInstances()),
		Version:      answer.GetPluginVersion(),
		BuildInfo:    answer.GetBuild(),
		Capabilities: answer.GetFeatures(),
	}, nil
}

func (g *renamedGroup) Update(ctx context.Context) ([]Instance, error) {
	answer, err := g.client.Update(ctx, &pb.Poll{})
	if err != nil {
		return nil, err
	}
	var instances []Instance
	for _, member := range answer.GetMembers() {
		instances = append(instances, Instance{ID: member.GetInstanceId(), State: member.GetStatus()})
	}
	return instances, nil
}

func (g *renamedGroup) Increase(ctx context.Context, count int) (int, error) {
	answer, err := g.client.Increase(ctx, &pb.Grow{Delta: int64(count)})
	if err != nil {
		return 0, err
	}
	return int(answer.GetAccepted()), textError(answer.GetReason())
}

func (g *renamedGroup) Decrease(ctx context.Context, ids []string) ([]string, error) {
	answer, err := g.client.Decrease(ctx, &pb.Remove{InstanceIds: ids})
	if err != nil {
		return nil, err
	}
	return answer.GetRemoved(), textError(answer.GetErr())
}

func (g *renamedGroup) ConnectInfo(ctx context.Context, id string) (ConnectInfo, error) {
	answer, err := g.client.ConnectInfo(ctx, &pb.WhereIs{InstanceID: id})
	if err != nil {
		return ConnectInfo{}, err
	}
	access := answer.GetAccess()
	return ConnectInfo{
		Settings: Settings{
			OS:                   access.GetPlatform(),
			Arch:                 access.GetArchitecture(),
			Protocol:             access.GetConnectorProtocol(),
			ProtocolPort:         int(access.GetSshPort()),
			Username:             access.GetLogin(),
			Password:             access.GetPasswd(),
			Key:                  access.GetPrivateKey(),
			UseStaticCredentials: access.GetStaticCredentials(),
			Keepalive:            access.GetKEEP_ALIVE().AsDuration(),
			Timeout:              access.GetDialTimeout().AsDuration(),
		},
		ID:           answer.GetInstance(),
		ExternalAddr: answer.GetPublicAddress(),
		InternalAddr: answer.GetPrivateAddress(),
		Expires:      toTime(answer.GetValidUntil()),
	}, nil
}

func (g *renamedGroup) Heartbeat(ctx context.Context, id string) error {
	answer, err := g.client.HealthCheck(ctx, &pb.Probe{Uid: id})
	if err == nil && !answer.GetAlive() {
		return textError("the answer says not alive")
	}
	return err
}

func (g *renamedGroup) Suspend(ctx context.Context, ids []string) ([]string, error) {
	answer, err := g.client.Suspend(ctx, &pb.Pause{Names: ids})
	if err != nil {
		return nil, err
	}
	return answer.GetAccepted(), textError(answer.GetMessage())
}

func (g *renamedGroup) Resume(ctx context.Context, ids []string) ([]string, error) {
	answer, err := g.client.Resume(ctx, &pb.Continue{Names: ids})
	if err != nil {
		return nil, err
	}
	return answer.GetAccepted(), textError(answer.GetMessage())
}

func (g *renamedGroup) Shutdown(ctx context.Context) error {
	_, err := g.client.Close(ctx, &pb.Farewell{})
	return err
}
