using GoPlugin.Grpc;
using LinuxHost;
using VmPool;
using VmPool.Options;

namespace FleetingPlugin.Fleeting;

/// <summary>
/// Which gRPC code an error of the pool gets. fleeting's Go side keeps only the text, so the text carries the whole story;
/// the code is for other hosts and for tests.
/// </summary>
internal static class ErrorStatus
{
    public static GrpcStatus Of(Exception error) => new(CodeOf(error), GrpcStatus.Describe(error));

    private static StatusCode CodeOf(Exception error) => error switch
    {
        PluginOptionsException or ArgumentException => StatusCode.InvalidArgument,
        InstanceNotFoundException => StatusCode.NotFound,
        SlotsExhaustedException => StatusCode.ResourceExhausted,
        HostRequirementException or HostResourceException or InvalidOperationException => StatusCode.FailedPrecondition,
        NotSupportedException => StatusCode.Unimplemented,
        TimeoutException => StatusCode.DeadlineExceeded,
        _ => StatusCode.Unknown,
    };
}
