using GoPlugin.Grpc;
using GoPlugin.Hosting;
using GoPlugin.Protocol;
using Microsoft.Extensions.Logging;

namespace GoPlugin.Services;

/// <summary>
/// The host's request to end. The host waits for the answer without a deadline and then gives the process two seconds,
/// so work before the end is done here, before the answer. Stopping the server inside the handler would deadlock: the
/// server waits for this call. So: work, answer, and only then the signal.
/// </summary>
internal static class ControllerService
{
    public static GrpcService Create(ShutdownSequence shutdown, ILogger logger) => new GrpcService("plugin.GRPCController")
        .Unary<Empty, Empty>("Shutdown", async (_, call, _) =>
        {
            Log.ShutdownRequested(logger);
            call.OnCompleted(shutdown.Request);
            await shutdown.PrepareAsync();
            return new Empty();
        });
}
