//go:build callback

package main

import (
	"context"
	"errors"
	"sync"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	pb "hosttest/callback"
)

var wire = wireContract{
	service: "callback.v3.Provisioner",
	lacks: map[feature]string{
		hasPartialError: "no answer has an error beside its result",
		hasRawConfig:    "the configuration is a Struct, which cannot hold anything but JSON",
	},
}

// callbackGroup speaks contracts/callback.proto.
type callbackGroup struct {
	client pb.ProvisionerClient
	broker *plugin.GRPCBroker
}

func newGroup(conn *grpc.ClientConn, broker *plugin.GRPCBroker) Group {
	return &callbackGroup{client: pb.NewProvisionerClient(conn), broker: broker}
}

func (g *callbackGroup) Init(ctx context.Context, config []byte, s Settings) (ProviderInfo, error) {
	values := &structpb.Struct{}
	if err := values.UnmarshalJSON(config); err != nil {
		return ProviderInfo{}, err
	}
	answer, err := g.client.Init(ctx, &pb.InitRequest{Config: values, Settings: &pb.Connector{
		Os:                   toWrapper(s.OS),
		Arch:                 toWrapper(s.Arch),
		Protocol:             toWrapper(s.Protocol),
		ProtocolPort:         wrapperspb.UInt32(uint32(s.ProtocolPort)),
		Username:             toWrapper(s.Username),
		Password:             toWrapper(s.Password),
		Key:                  wrapperspb.Bytes(s.Key),
		UseStaticCredentials: wrapperspb.Bool(s.UseStaticCredentials),
		Keepalive:            toDuration(s.Keepalive),
		Timeout:              toDuration(s.Timeout),
	}})
	if err != nil {
		return ProviderInfo{}, err
	}
	return ProviderInfo{
		ID:           answer.GetId().GetValue(),
		MaxSize:      int(answer.GetMaxSize().GetValue()),
		Version:      answer.GetVersion().GetValue(),
		BuildInfo:    answer.GetBuildInfo().GetValue(),
		Capabilities: answer.GetCapabilities(),
	}, nil
}

// observer is the service that the plugin calls during one Update.
type observer struct {
	pb.UnimplementedObserverServer
	mutex     sync.Mutex
	instances []Instance
}

func (o *observer) Seen(_ context.Context, sighting *pb.Sighting) (*emptypb.Empty, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.instances = append(o.instances, Instance{ID: sighting.GetId().GetValue(), State: sighting.GetState().GetValue()})
	return &emptypb.Empty{}, nil
}

func (g *callbackGroup) Update(ctx context.Context) ([]Instance, error) {
	seen := &observer{}
	number := g.broker.NextId()
	serving := make(chan *grpc.Server, 1)
	go func() {
		defer close(serving) // Without a server, if the broker has none to give because the plugin is gone.
		g.broker.AcceptAndServe(number, func(options []grpc.ServerOption) *grpc.Server {
			server := grpc.NewServer(options...)
			pb.RegisterObserverServer(server, seen)
			serving <- server
			return server
		})
	}()
	server, ok := <-serving
	if !ok {
		return nil, errors.New("the broker could not serve a callback")
	}
	defer server.Stop()
	if _, err := g.client.Update(ctx, &pb.UpdateRequest{Observer: number}); err != nil {
		return nil, err
	}
	seen.mutex.Lock()
	defer seen.mutex.Unlock()
	return seen.instances, nil
}

func (g *callbackGroup) Increase(ctx context.Context, count int) (int, error) {
	answer, err := g.client.Increase(ctx, wrapperspb.Int32(int32(count)))
	return int(answer.GetValue()), err
}

func (g *callbackGroup) Decrease(ctx context.Context, ids []string) ([]string, error) {
	answer, err := g.client.Decrease(ctx, &pb.Ids{Ids: ids})
	return answer.GetIds(), err
}

func (g *callbackGroup) ConnectInfo(ctx context.Context, id string) (ConnectInfo, error) {
	answer, err := g.client.ConnectInfo(ctx, wrapperspb.String(id))
	if err != nil {
		return ConnectInfo{}, err
	}
	config := answer.GetConfig()
	return ConnectInfo{
		Settings: Settings{
			OS:                   config.GetOs().GetValue(),
			Arch:                 config.GetArch().GetValue(),
			Protocol:             config.GetProtocol().GetValue(),
			ProtocolPort:         int(config.GetProtocolPort().GetValue()),
			Username:             config.GetUsername().GetValue(),
			Password:             config.GetPassword().GetValue(),
			Key:                  config.GetKey().GetValue(),
			UseStaticCredentials: config.GetUseStaticCredentials().GetValue(),
			Keepalive:            config.GetKeepalive().AsDuration(),
			Timeout:              config.GetTimeout().AsDuration(),
		},
		ID:           answer.GetId().GetValue(),
		ExternalAddr: answer.GetExternalAddr().GetValue(),
		InternalAddr: answer.GetInternalAddr().GetValue(),
		Expires:      toTime(answer.GetExpires()),
	}, nil
}

func (g *callbackGroup) Heartbeat(ctx context.Context, id string) error {
	_, err := g.client.Heartbeat(ctx, wrapperspb.String(id))
	return err
}

func (g *callbackGroup) Suspend(ctx context.Context, ids []string) ([]string, error) {
	answer, err := g.client.Suspend(ctx, &pb.Ids{Ids: ids})
	return answer.GetIds(), err
}

func (g *callbackGroup) Resume(ctx context.Context, ids []string) ([]string, error) {
	answer, err := g.client.Resume(ctx, &pb.Ids{Ids: ids})
	return answer.GetIds(), err
}

func (g *callbackGroup) Shutdown(ctx context.Context) error {
	_, err := g.client.Shutdown(ctx, &emptypb.Empty{})
	return err
}

// toWrapper leaves out what the operator did not set, as a host with wrappers would.
func toWrapper(text string) *wrapperspb.StringValue {
	if text == "" {
		return nil
	}
	return wrapperspb.String(text)
}
