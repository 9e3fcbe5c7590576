using GoPlugin.Grpc;
using GoPlugin.Security;
using GoPlugin.Services;
using Microsoft.Extensions.Logging;

namespace GoPlugin.Hosting;

/// <summary>A plugin that listens: certificate, socket, server and go-plugin's own services. Nothing of the process.</summary>
internal sealed class ServingPlugin : IAsyncDisposable
{
    // The host counts two seconds from the answer to Shutdown to the end of the process.
    private static readonly TimeSpan StopLimit = TimeSpan.FromMilliseconds(700);

    private readonly CancellationTokenSource _stopping = new();
    private readonly PluginSocket _socket;
    private readonly AutoMtls? _mtls;
    private readonly ShutdownSequence _shutdown;
    private KestrelListener? _listener;
    private bool _isDisposed;

    private ServingPlugin(PluginEnvironment environment, PluginServerOptions options, ILogger logger)
    {
        _mtls = environment.ClientCertificatePem is { } pem ? AutoMtls.Create(pem, options.Clock) : null;
        _socket = PluginSocket.Create(environment, logger);
        _shutdown = new ShutdownSequence(options.OnShuttingDown, options.MaxShutdownTime, options.Clock, logger);
        HandshakeLine = Handshake.Format(environment, _socket.Path, _mtls?.HandshakeField);
        options.Broker.Attach(_mtls, options.Clock);
    }

    public string HandshakeLine { get; }

    public string SocketPath => _socket.Path;

    public StdioQueue Stdio { get; } = new();

    /// <summary>Completes when the host has asked the plugin to end.</summary>
    public Task ShutdownRequested => _shutdown.Requested;

    /// <exception cref="PluginStartException">The environment is unusable.</exception>
    public static async Task<ServingPlugin> StartAsync(
        PluginEnvironment environment, PluginServerOptions options, GrpcRouter router, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("GoPlugin");
        var plugin = new ServingPlugin(environment, options, logger);
        try
        {
            var own = new GrpcRouter()
                .Add(HealthService.Create())
                .Add(ControllerService.Create(plugin._shutdown, logger))
                .Add(StdioService.Create(plugin.Stdio))
                .Add(BrokerService.Create(options.Broker));
            var dispatcher = new GrpcDispatcher(
                [own, router],
                new GrpcDispatcherOptions(options.MaxMessageBytes, options.MapException, options.Clock, logger, plugin._stopping.Token));
            plugin._listener = await KestrelListener.StartAsync(plugin.SocketPath, plugin._mtls, dispatcher, loggers, options.Clock);
            // Before anybody is told the path.
            plugin._socket.Protect();
            Log.Serving(logger, plugin.SocketPath, environment.AppVersion, plugin._mtls is not null);
            return plugin;
        }
        catch
        {
            await plugin.DisposeAsync();
            throw;
        }
    }

    /// <summary>The application's work, then the end of all streams, then the server, within less than a second.</summary>
    public async Task StopAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        await _shutdown.PrepareAsync();
        await _stopping.CancelAsync();
        using var limit = new CancellationTokenSource(StopLimit);
        if (_listener is not null)
        {
            await _listener.StopAsync(limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        if (_listener is not null)
        {
            await _listener.DisposeAsync();
        }

        _socket.Dispose();
        _mtls?.Dispose();
        _stopping.Dispose();
    }
}
