package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "hosttest/fleeting"
)

// groupServer is the canonical service over instances that only exist in its memory.
type groupServer struct {
	pb.UnimplementedInstanceGroupServer
	logger    hclog.Logger
	mutex     sync.Mutex
	ready     bool
	options   options
	settings  *pb.ConnectorConfig
	lock      *os.File
	instances map[string]*instance
	created   int
}

func newGroupServer(logger hclog.Logger) *groupServer {
	return &groupServer{logger: logger, instances: map[string]*instance{}}
}

func (g *groupServer) Init(_ context.Context, request *pb.InitRequest) (*pb.InitResponse, error) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	parsed, err := parseOptions(request.GetConfig(), request.GetSettings().GetUsername())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	g.options = parsed
	g.settings = request.GetSettings()
	if err = g.claim(); err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	g.logger = g.logger.With("group", parsed.Name)
	g.logger.Warn("instances are simulated: no job can run on them")
	g.ready = true
	return &pb.InitResponse{Id: "reference/" + parsed.Name, MaxSize: int64(parsed.MaxVms), Version: "0.0.0"}, nil
}

// claim makes this process the only one that serves the group.
func (g *groupServer) claim() error {
	if g.options.StateDirectory == "" {
		return nil
	}
	path := filepath.Join(g.options.StateDirectory, "groups", g.options.Name, "lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		file.Close()
		return fmt.Errorf("group %q is served by another plugin (%s): two [[runners]] entries need different names", g.options.Name, holderOf(path))
	}
	file.Truncate(0)
	fmt.Fprintf(file, "%d\n", os.Getpid())
	g.lock = file
	return nil
}

func (g *groupServer) enter() error {
	g.mutex.Lock()
	if !g.ready {
		g.mutex.Unlock()
		return status.Error(codes.FailedPrecondition, "the group has not been initialised: call Init first")
	}
	return nil
}

func (g *groupServer) Update(context.Context, *pb.UpdateRequest) (*pb.UpdateResponse, error) {
	if err := g.enter(); err != nil {
		return nil, err
	}
	defer g.mutex.Unlock()
	answer := &pb.UpdateResponse{}
	for id, each := range g.instances {
		if each.failed && each.seen {
			each.state = "deleted"
		}
		if each.state == "deleted" {
			if each.reported++; each.reported > 3 {
				delete(g.instances, id)
				continue
			}
		}
		each.seen = true
		answer.Instances = append(answer.Instances, &pb.Instance{Id: id, State: each.state})
	}
	return answer, nil
}

func (g *groupServer) Increase(_ context.Context, request *pb.IncreaseRequest) (*pb.IncreaseResponse, error) {
	if err := g.enter(); err != nil {
		return nil, err
	}
	defer g.mutex.Unlock()
	alive := 0
	for _, each := range g.instances {
		if each.state != "deleted" {
			alive++
		}
	}
	answer := &pb.IncreaseResponse{}
	for answer.Succeeded < request.GetCount() && alive < g.options.MaxVms {
		made := newInstance(g.options.Name, g.created, !g.settings.GetUseStaticCredentials())
		g.created++
		alive++
		answer.Succeeded++
		g.instances[made.id] = made
		go g.boot(made)
	}
	if answer.Succeeded < request.GetCount() {
		answer.Error = fmt.Sprintf("accepted %d of %d: max_vms is %d", answer.Succeeded, request.GetCount(), g.options.MaxVms)
	}
	return answer, nil
}

// boot is the background half of Increase.
func (g *groupServer) boot(made *instance) {
	select {
	case <-made.cancel:
	case <-time.After(g.options.Boot):
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	fault := g.options.Fault != "" && g.options.Fault != "undo"
	switch {
	case made.state != "creating":
	case fault:
		g.logger.Error("instance failed", "instance", made.id, "error", "unexpected fault at "+g.options.Fault)
		made.failed = true
	case g.fails(made):
		g.logger.Warn("instance failed", "instance", made.id, "error", "simulated failure")
		made.failed = true
	default:
		made.state = "running"
		g.logger.Info("instance is running", "instance", made.id)
	}
}

// fails spreads the failure rate evenly over the instances' numbers.
func (g *groupServer) fails(made *instance) bool {
	rate := g.options.FailureRate
	return int(float64(made.number+1)*rate) > int(float64(made.number)*rate)
}

func (g *groupServer) Decrease(_ context.Context, request *pb.DecreaseRequest) (*pb.DecreaseResponse, error) {
	if err := g.enter(); err != nil {
		return nil, err
	}
	defer g.mutex.Unlock()
	for _, id := range request.GetIds() {
		if each, known := g.instances[id]; known && each.state != "deleted" {
			each.state = "deleted"
			if g.options.Fault == "undo" {
				each.state = "deleting"
				g.logger.Error("deletion failed", "instance", id, "error", "unexpected fault at undo")
			}
		}
	}
	return &pb.DecreaseResponse{Succeeded: request.GetIds()}, nil
}

func (g *groupServer) running(id string) (*instance, error) {
	each, known := g.instances[id]
	if !known {
		return nil, status.Errorf(codes.NotFound, "instance %s does not exist", id)
	}
	if each.state != "running" {
		return nil, status.Errorf(codes.FailedPrecondition, "instance %s is %s, not running", id, each.state)
	}
	return each, nil
}

func (g *groupServer) ConnectInfo(_ context.Context, request *pb.ConnectInfoRequest) (*pb.ConnectInfoResponse, error) {
	if err := g.enter(); err != nil {
		return nil, err
	}
	defer g.mutex.Unlock()
	each, err := g.running(request.GetId())
	if err != nil {
		return nil, err
	}
	set := g.settings
	config := &pb.ConnectorConfig{
		Os: or(set.GetOs(), "linux"), Arch: or(set.GetArch(), "amd64"), Protocol: or(set.GetProtocol(), "ssh"),
		ProtocolPort: set.GetProtocolPort(), Username: g.options.User, Password: set.GetPassword(), Key: set.GetKey(),
		UseStaticCredentials: set.GetUseStaticCredentials(), Keepalive: set.GetKeepalive(), Timeout: set.GetTimeout(),
	}
	if !set.GetUseStaticCredentials() {
		config.Key = each.key
	}
	if config.Keepalive == nil {
		config.Keepalive = durationpb.New(30 * time.Second)
	}
	return &pb.ConnectInfoResponse{Id: each.id, InternalAddr: each.address, Config: config}, nil
}

func (g *groupServer) Heartbeat(_ context.Context, request *pb.HeartbeatRequest) (*pb.HeartbeatResponse, error) {
	if err := g.enter(); err != nil {
		return nil, err
	}
	defer g.mutex.Unlock()
	_, err := g.running(request.GetId())
	return &pb.HeartbeatResponse{}, err
}

func (g *groupServer) Suspend(context.Context, *pb.SuspendRequest) (*pb.SuspendResponse, error) {
	return nil, status.Error(codes.Unimplemented, "suspend is not supported")
}

func (g *groupServer) Resume(context.Context, *pb.ResumeRequest) (*pb.ResumeResponse, error) {
	return nil, status.Error(codes.Unimplemented, "resume is not supported")
}

func (g *groupServer) Shutdown(context.Context, *pb.ShutdownRequest) (*pb.ShutdownResponse, error) {
	return &pb.ShutdownResponse{}, nil
}

func or(value, otherwise string) string {
	if value != "" {
		return value
	}
	return otherwise
}
