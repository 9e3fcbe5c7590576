using Microsoft.Extensions.Logging;

namespace GoPlugin.Grpc;

/// <summary>What the dispatcher needs to know.</summary>
internal sealed record GrpcDispatcherOptions(
    int MaxMessageBytes,
    Func<Exception, GrpcStatus> MapException,
    TimeProvider Clock,
    ILogger Logger,
    CancellationToken Stopping);
