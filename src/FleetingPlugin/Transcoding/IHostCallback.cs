using GoPlugin;
using GoPlugin.Grpc;

namespace FleetingPlugin.Transcoding;

/// <summary>Reaches a service that the host serves for us under a broker's number.</summary>
internal interface IHostCallback
{
    /// <summary>Connects; the caller disposes what it gets.</summary>
    Task<IHostChannel> DialAsync(uint brokerId, CancellationToken cancellationToken);
}

/// <summary>A connection to such a service.</summary>
internal interface IHostChannel : IDisposable
{
    /// <summary>One unary call with encoded messages.</summary>
    Task CallAsync(string path, ReadOnlyMemory<byte> request, CancellationToken cancellationToken);
}

/// <summary>The same over go-plugin's broker.</summary>
internal sealed class BrokerCallback(GrpcBroker broker) : IHostCallback
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    public async Task<IHostChannel> DialAsync(uint brokerId, CancellationToken cancellationToken) =>
        new Channel(await broker.DialAsync(brokerId, cancellationToken));

    private sealed class Channel(GrpcChannel channel) : IHostChannel
    {
        public async Task CallAsync(string path, ReadOnlyMemory<byte> request, CancellationToken cancellationToken) =>
            _ = await channel.CallAsync(path, request, CallTimeout, cancellationToken);

        public void Dispose() => channel.Dispose();
    }
}
