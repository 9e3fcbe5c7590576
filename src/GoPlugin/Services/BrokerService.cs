using GoPlugin.Grpc;
using GoPlugin.Protocol;

namespace GoPlugin.Services;

/// <summary>The stream on which the host announces its listeners. Held until the host leaves or the plugin stops.</summary>
internal static class BrokerService
{
    public static GrpcService Create(GrpcBroker broker) => new GrpcService("plugin.GRPCBroker")
        .Method("StartStream", GrpcMethod.Streaming(async (call, cancellationToken) =>
        {
            await call.StartAsync(cancellationToken);
            try
            {
                while (await call.ReadAsync<ConnInfo>(cancellationToken) is { } announced)
                {
                    broker.Announce(announced);
                }
            }
            catch (OperationCanceledException) when (call.Stopping.IsCancellationRequested)
            {
                // The orderly end.
            }
        }));
}
