//go:build streamed

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	pb "hosttest/streamed"
)

var wire = wireContract{service: "streamed.Provider"}

// streamedGroup speaks contracts/streamed.proto.
type streamedGroup struct {
	client pb.ProviderClient
}

func newGroup(conn *grpc.ClientConn, _ *plugin.GRPCBroker) Group {
	return &streamedGroup{client: pb.NewProviderClient(conn)}
}

func (g *streamedGroup) Init(ctx context.Context, config []byte, s Settings) (ProviderInfo, error) {
	if _, err := g.client.SetConfig(ctx, &pb.SetConfigRequest{JsonConfig: string(config)}); err != nil {
		return ProviderInfo{}, err
	}
	system, err := toOs(s.OS)
	if err != nil {
		return ProviderInfo{}, err
	}
	answer, err := g.client.Init(ctx, &pb.InitRequest{
		Os:                   system,
		Arch:                 s.Arch,
		Protocol:             s.Protocol,
		Port:                 uint32(s.ProtocolPort),
		Username:             s.Username,
		Password:             s.Password,
		Key:                  string(s.Key),
		UseStaticCredentials: s.UseStaticCredentials,
		Keepalive:            s.Keepalive.Nanoseconds(),
		TimeoutMs:            uint32(s.Timeout.Milliseconds()),
	})
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

func (g *streamedGroup) Update(ctx context.Context) ([]Instance, error) {
	stream, err := g.client.Update(ctx, &pb.UpdateRequest{})
	if err != nil {
		return nil, err
	}
	var instances []Instance
	for {
		update, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return instances, nil
		}
		if err != nil {
			return nil, err
		}
		word := strings.TrimPrefix(update.GetState().String(), "INSTANCE_STATE_")
		instances = append(instances, Instance{ID: update.GetId(), State: strings.ToLower(word)})
	}
}

func (g *streamedGroup) Increase(ctx context.Context, count int) (int, error) {
	answer, err := g.client.Increase(ctx, &pb.IncreaseRequest{Count: uint64(count)})
	if err != nil {
		return 0, err
	}
	return int(answer.GetSucceeded()), failure(answer.GetError())
}

func (g *streamedGroup) Decrease(ctx context.Context, ids []string) ([]string, error) {
	answer, err := g.client.Decrease(ctx, &pb.DecreaseRequest{Instances: ids})
	if err != nil {
		return nil, err
	}
	return answer.GetSucceeded(), failure(answer.GetError())
}

func (g *streamedGroup) ConnectInfo(ctx context.Context, id string) (ConnectInfo, error) {
	answer, err := g.client.ConnectInfo(ctx, &pb.ConnectInfoRequest{Id: id})
	if err != nil {
		return ConnectInfo{}, err
	}
	result := ConnectInfo{
		Settings: Settings{
			OS:                   fromOs(answer.GetOs()),
			Arch:                 answer.GetArch(),
			Protocol:             answer.GetProtocol(),
			ProtocolPort:         int(answer.GetPort()),
			Username:             answer.GetUsername(),
			Password:             answer.GetPassword(),
			Key:                  []byte(answer.GetKey()),
			UseStaticCredentials: answer.GetUseStaticCredentials(),
			Keepalive:            time.Duration(answer.GetKeepalive()),
			Timeout:              time.Duration(answer.GetTimeoutMs()) * time.Millisecond,
		},
		ID:           answer.GetId(),
		ExternalAddr: answer.GetExternalAddr(),
		InternalAddr: answer.GetInternalAddr(),
	}
	if answer.ExpiresAt != nil {
		expires := time.Unix(*answer.ExpiresAt, 0)
		result.Expires = &expires
	}
	return result, nil
}

func (g *streamedGroup) Heartbeat(ctx context.Context, id string) error {
	answer, err := g.client.Heartbeat(ctx, &pb.HeartbeatRequest{Id: id})
	if err == nil && !answer.GetHealthy() {
		return errors.New("the answer says not healthy")
	}
	return err
}

func (g *streamedGroup) Suspend(ctx context.Context, ids []string) ([]string, error) {
	answer, err := g.client.Suspend(ctx, &pb.SuspendRequest{Instances: ids})
	if err != nil {
		return nil, err
	}
	return answer.GetSucceeded(), failure(answer.GetError())
}

func (g *streamedGroup) Resume(ctx context.Context, ids []string) ([]string, error) {
	answer, err := g.client.Resume(ctx, &pb.ResumeRequest{Instances: ids})
	if err != nil {
		return nil, err
	}
	return answer.GetSucceeded(), failure(answer.GetError())
}

func (g *streamedGroup) Shutdown(ctx context.Context) error {
	_, err := g.client.Shutdown(ctx, &pb.ShutdownRequest{})
	return err
}

// A failure without a code would count as none in a host that looks at the code alone.
func failure(f *pb.Failure) error {
	if f.GetMessage() != "" && f.GetCode() == 0 {
		return fmt.Errorf("a failure with code 0: %s", f.GetMessage())
	}
	return textError(f.GetMessage())
}

func toOs(name string) (pb.Os, error) {
	if name == "" {
		return pb.Os_OS_UNSPECIFIED, nil
	}
	number, known := pb.Os_value["OS_"+strings.ToUpper(name)]
	if !known {
		return 0, fmt.Errorf("this contract has no operating system %q", name)
	}
	return pb.Os(number), nil
}

func fromOs(system pb.Os) string {
	if system == pb.Os_OS_UNSPECIFIED {
		return ""
	}
	return strings.ToLower(strings.TrimPrefix(system.String(), "OS_"))
}
