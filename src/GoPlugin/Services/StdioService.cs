using Google.Protobuf;
using GoPlugin.Grpc;
using GoPlugin.Protocol;

namespace GoPlugin.Services;

/// <summary>
/// Carries what the program printed after the handshake to the host. Never fails: some hosts retry for ever on statuses
/// they do not know.
/// </summary>
internal static class StdioService
{
    public static GrpcService Create(StdioQueue queue) => new GrpcService("plugin.GRPCStdio")
        .ServerStreaming<Google.Protobuf.WellKnownTypes.Empty>("StreamStdio", async (_, call, cancellationToken) =>
        {
            try
            {
                await foreach (var chunk in queue.ReadAllAsync(cancellationToken))
                {
                    await call.WriteAsync(
                        new StdioData { Channel = StdioData.Types.Channel.Stdout, Data = ByteString.CopyFrom(chunk) },
                        cancellationToken);
                }
            }
            catch (OperationCanceledException) when (call.Stopping.IsCancellationRequested)
            {
                // The orderly end.
            }
        });
}
