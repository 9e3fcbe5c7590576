using GoPlugin.Grpc;
using GoPlugin.Security;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace GoPlugin.Hosting;

/// <summary>
/// Kestrel alone, without host, container and configuration: they cost start-up time, and their sources (settings files,
/// environment variables) must not be able to change a plugin's endpoint.
/// </summary>
internal sealed class KestrelListener : IAsyncDisposable
{
    private const int MaxHeaderBytes = 256 * 1024;

    // Not infinite: Kestrel adds its clock to that without a check for overflow, and the connection ends within a second.
    private static readonly TimeSpan PracticallyForEver = TimeSpan.FromDays(3650);

    private readonly KestrelServer _server;

    private KestrelListener(KestrelServer server)
    {
        _server = server;
    }

    public static async Task<KestrelListener> StartAsync(
        PluginSocket socket, AutoMtls? mtls, GrpcDispatcher dispatcher, ILoggerFactory loggers, TimeProvider clock)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        SetLimits(options.Limits);
        var tlsLogger = loggers.CreateLogger("GoPlugin.Tls");
        options.ListenUnixSocket(socket.Path, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (mtls is not null)
            {
                listen.Use(next => new TlsConnection(next, mtls, tlsLogger, clock).RunAsync);
            }
        });
        var transport = new SocketTransportFactory(
            Options.Create(new SocketTransportOptions { CreateBoundListenSocket = _ => socket.Listener }), loggers);
        var listener = new KestrelListener(new KestrelServer(Options.Create(options), transport, loggers));
        try
        {
            await listener._server.StartAsync<IFeatureCollection>(dispatcher, CancellationToken.None);
            return listener;
        }
        catch
        {
            await listener.DisposeAsync();
            throw;
        }
    }

    /// <summary>Closes gracefully until the token fires, then hard.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        _server.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void SetLimits(KestrelServerLimits limits)
    {
        // Idle streams are the normal case here (broker, stdio): the default rates end their whole connection after 6 s.
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        // Messages are bounded one by one; the sum over a stream is not.
        limits.MaxRequestBodySize = null;
        limits.KeepAliveTimeout = PracticallyForEver;
        // A Go server has no limit, and a Go client at the limit waits silently until its deadline.
        limits.Http2.MaxStreamsPerConnection = int.MaxValue;
        limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        limits.MaxRequestHeaderCount = 1000;
        limits.Http2.MaxRequestHeaderFieldSize = MaxHeaderBytes;
    }
}
