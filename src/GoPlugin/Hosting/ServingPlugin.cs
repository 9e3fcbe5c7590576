using GoPlugin.Grpc;
using GoPlugin.Services;
using Microsoft.Extensions.Logging;

namespace GoPlugin.Hosting;

/// <summary>A plugin that answers: the server behind an endpoint, and go-plugin's own services. Nothing of the process.</summary>
internal sealed class ServingPlugin : IAsyncDisposable
{
    // The host counts two seconds from the answer to Shutdown to the end of the process.
    private static readonly TimeSpan StopLimit = TimeSpan.FromMilliseconds(700);

    private readonly CancellationTokenSource _stopping = new();
    private readonly PluginEndpoint _endpoint;
    private readonly ShutdownSequence _shutdown;
    private KestrelListener? _listener;
    private bool _isDisposed;

    private ServingPlugin(PluginEndpoint endpoint, PluginServerOptions options, ILogger logger)
    {
        _endpoint = endpoint;
        _shutdown = new ShutdownSequence(options.OnShuttingDown, options.MaxShutdownTime, options.Clock, logger);
    }

    /// <summary>Completes when the host has asked the plugin to end.</summary>
    public Task ShutdownRequested => _shutdown.Requested;

    /// <summary>Begins to accept the endpoint's connections. From here on the endpoint is the plugin's, and gone when this fails.</summary>
    public static async Task<ServingPlugin> StartAsync(
        PluginEndpoint endpoint, StdioQueue stdio, PluginServerOptions options, GrpcRouter application, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("GoPlugin");
        var plugin = new ServingPlugin(endpoint, options, logger);
        try
        {
            options.Broker.Attach(endpoint.Mtls, options.Clock);
            var own = new GrpcRouter()
                .Add(HealthService.Create())
                .Add(ControllerService.Create(plugin._shutdown, logger))
                .Add(StdioService.Create(stdio))
                .Add(BrokerService.Create(options.Broker));
            var dispatcher = new GrpcDispatcher(
                [own, application],
                new GrpcDispatcherOptions(options.MaxMessageBytes, options.MapException, options.Clock, logger, plugin._stopping.Token));
            plugin._listener = await KestrelListener.StartAsync(endpoint.Socket, endpoint.Mtls, dispatcher, loggers, options.Clock);
            Log.Serving(logger, endpoint.Socket.Path, endpoint.Environment.AppVersion, endpoint.Mtls is not null);
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

        _endpoint.Dispose();
        _stopping.Dispose();
    }
}
