using FleetingPlugin.Contract;
using GoPlugin.Grpc;

namespace FleetingPlugin.Fleeting;

/// <summary>Our canonical contract on the wire: one line for each method.</summary>
internal static class FleetingRoutes
{
    /// <summary>Full name of the service in proto/fleeting.proto.</summary>
    public const string ServiceName = "vmpool.fleeting.v1.InstanceGroup";

    public static GrpcService Create(FleetingService service) => new GrpcService(ServiceName)
        .Unary<InitRequest, InitResponse>("Init", (request, _, ct) => service.InitAsync(request, ct))
        .Unary<UpdateRequest, UpdateResponse>("Update", (request, _, ct) => service.UpdateAsync(request, ct))
        .Unary<IncreaseRequest, IncreaseResponse>("Increase", (request, _, ct) => service.IncreaseAsync(request, ct))
        .Unary<DecreaseRequest, DecreaseResponse>("Decrease", (request, _, ct) => service.DecreaseAsync(request, ct))
        .Unary<ConnectInfoRequest, ConnectInfoResponse>("ConnectInfo", (request, _, ct) => service.ConnectInfoAsync(request, ct))
        .Unary<HeartbeatRequest, HeartbeatResponse>("Heartbeat", (request, _, ct) => service.HeartbeatAsync(request, ct))
        .Unary<SuspendRequest, SuspendResponse>("Suspend", (request, _, ct) => service.SuspendAsync(request, ct))
        .Unary<ResumeRequest, ResumeResponse>("Resume", (request, _, ct) => service.ResumeAsync(request, ct))
        .Unary<ShutdownRequest, ShutdownResponse>("Shutdown", (request, _, ct) => service.ShutdownAsync(request, ct));
}
