//go:build mapped

package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	pb "hosttest/mapped"
)

var wire = wireContract{
	service: "mapped.plugin.Groups",
	lacks: map[feature]string{
		hasHeartbeat:    "the contract has no Heartbeat",
		hasSuspend:      "the contract has neither Suspend nor Resume",
		hasPartialError: "an answer is either a result or a failure",
	},
}

// mappedGroup speaks contracts/mapped.proto.
type mappedGroup struct {
	client pb.GroupsClient
}

func newGroup(conn *grpc.ClientConn, _ *plugin.GRPCBroker) Group {
	return &mappedGroup{client: pb.NewGroupsClient(conn)}
}

func (g *mappedGroup) Init(ctx context.Context, config []byte, settings Settings) (ProviderInfo, error) {
	connector, err := json.Marshal(settings)
	if err != nil {
		return ProviderInfo{}, err
	}
	answer, err := g.client.Init(ctx, &pb.Init_Request{
		Plugin:          &pb.Init_Plugin{Config: string(config)},
		ConnectorConfig: string(connector),
	})
	if err != nil {
		return ProviderInfo{}, err
	}
	provider := answer.GetProvider()
	return ProviderInfo{
		ID:           provider.GetId(),
		MaxSize:      int(provider.GetMaxSize()),
		Version:      provider.GetVersion(),
		BuildInfo:    provider.GetBuildInfo(),
		Capabilities: provider.GetCapabilities(),
	}, nil
}

func (g *mappedGroup) Update(ctx context.Context) ([]Instance, error) {
	answer, err := g.client.Update(ctx, &pb.Update_Request{})
	if err != nil {
		return nil, err
	}
	var instances []Instance
	for id, status := range answer.GetResult().GetInstances() {
		instances = append(instances, Instance{ID: id, State: status.GetState()})
	}
	return instances, nil
}

func (g *mappedGroup) Increase(ctx context.Context, count int) (int, error) {
	answer, err := g.client.Increase(ctx, &pb.Increase_Request{Count: int32(count)})
	switch {
	case err != nil:
		return 0, err
	case answer.GetOutcome() == nil:
		return 0, errors.New("the answer has no outcome")
	}
	return int(answer.GetAccepted().GetCount()), textError(answer.GetError().GetText())
}

func (g *mappedGroup) Decrease(ctx context.Context, ids []string) ([]string, error) {
	answer, err := g.client.Decrease(ctx, &pb.Decrease_Request{Ids: ids})
	switch {
	case err != nil:
		return nil, err
	case answer.GetOutcome() == nil:
		return nil, errors.New("the answer has no outcome")
	}
	return answer.GetAccepted().GetIds(), textError(answer.GetError().GetText())
}

func (g *mappedGroup) ConnectInfo(ctx context.Context, id string) (ConnectInfo, error) {
	answer, err := g.client.ConnectInfo(ctx, &pb.ConnectInfo_Request{Id: id})
	if err != nil {
		return ConnectInfo{}, err
	}
	info, connector := answer.GetResult(), answer.GetResult().GetConnector()
	keepalive, err := parseDuration(connector.GetKeepalive())
	if err != nil {
		return ConnectInfo{}, err
	}
	timeout, err := parseDuration(connector.GetTimeout())
	if err != nil {
		return ConnectInfo{}, err
	}
	result := ConnectInfo{
		Settings: Settings{
			OS:                   connector.GetOs(),
			Arch:                 connector.GetArch(),
			Protocol:             connector.GetProtocol(),
			ProtocolPort:         int(connector.GetProtocolPort()),
			Username:             connector.GetLogin().GetUsername(),
			Password:             connector.GetLogin().GetPassword(),
			Key:                  []byte(connector.GetLogin().GetPrivateKey()),
			UseStaticCredentials: connector.GetLogin().GetStatic(),
			Keepalive:            keepalive,
			Timeout:              timeout,
		},
		ID:           info.GetId(),
		ExternalAddr: info.GetAddress().GetExternal(),
		InternalAddr: info.GetAddress().GetInternal(),
	}
	if info.GetExpires() != "" {
		expires, err := time.Parse(time.RFC3339, info.GetExpires())
		if err != nil {
			return ConnectInfo{}, err
		}
		result.Expires = &expires
	}
	return result, nil
}

func (g *mappedGroup) Heartbeat(context.Context, string) error { return errNotInContract }

func (g *mappedGroup) Suspend(context.Context, []string) ([]string, error) {
	return nil, errNotInContract
}

func (g *mappedGroup) Resume(context.Context, []string) ([]string, error) {
	return nil, errNotInContract
}

func (g *mappedGroup) Shutdown(ctx context.Context) error {
	_, err := g.client.Shutdown(ctx, &pb.Shutdown_Request{})
	return err
}

var errNotInContract = errors.New("this contract has no such call: the case must say that it needs it")

func parseDuration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return time.ParseDuration(text)
}
