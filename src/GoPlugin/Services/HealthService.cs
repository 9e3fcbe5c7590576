using GoPlugin.Grpc;
using GoPlugin.Protocol;

namespace GoPlugin.Services;

/// <summary>The standard health service; hosts ping the name "plugin".</summary>
internal static class HealthService
{
    public static GrpcService Create() => new GrpcService("grpc.health.v1.Health")
        .Unary<HealthCheckRequest, HealthCheckResponse>("Check", (request, _, _) => Knows(request)
            ? Task.FromResult(Serving())
            : throw new GrpcStatusException(StatusCode.NotFound, $"unknown service '{request.Service}'; known: plugin"))
        .ServerStreaming<HealthCheckRequest>("Watch", async (request, call, cancellationToken) =>
        {
            await call.WriteAsync(
                Knows(request) ? Serving() : new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.ServiceUnknown },
                cancellationToken);
            await HeldStream.UntilEndAsync(call, cancellationToken);
        });

    private static bool Knows(HealthCheckRequest request) => request.Service is "" or "plugin";

    private static HealthCheckResponse Serving() => new() { Status = HealthCheckResponse.Types.ServingStatus.Serving };
}
