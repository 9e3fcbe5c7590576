using GoPlugin.Grpc;
using GoPlugin.Hosting;
using GoPlugin.Logging;
using GoPlugin.Services;
using Microsoft.Extensions.Logging;

namespace GoPlugin;

/// <summary>
/// Serves a go-plugin host for the life of the process: handshake on stdout, gRPC on a unix socket, logs on stderr.
/// The host waits for the handshake line, so only what the line promises comes before it: a socket that takes connections
/// and the certificate that will be shown there. Server and application start while the host connects.
/// </summary>
public static class PluginServer
{
    /// <summary>
    /// Serves until the host asks for the end or is gone. To be called first thing in Main: it takes the parent's pid, and
    /// from here on signals are ignored and crashes reported.
    /// </summary>
    /// <param name="options">How to serve.</param>
    /// <param name="startApplication">Makes the application's services, after the handshake. It gets the host's process id.</param>
    /// <param name="cancellationToken">Ends serving like a request of the host.</param>
    /// <returns>The exit code: 0 after serving, 1 when the plugin could not start (the reason is on stderr).</returns>
    public static async Task<int> RunAsync(
        PluginServerOptions options, Func<int, GrpcRouter> startApplication, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(startApplication);
        using var host = HostWatch.OfParent(options.Clock);
        CrashReporter.Install();
        var loggers = options.Loggers ?? new HclogLoggerFactory(LogLevel.Information, options.Clock);
        var logger = loggers.CreateLogger("GoPlugin");
        using var signals = new IgnoredSignals(logger);

        ServingPlugin plugin;
        try
        {
            var endpoint = PluginEndpoint.Open(PluginEnvironment.Read(), options.Clock, logger);
            plugin = await StartAsync(endpoint, options, () => startApplication(host.Pid), loggers);
        }
        catch (Exception e)
        {
            Log.StartFailed(logger, e);
            return 1;
        }

        await using (plugin)
        {
            await WaitForEndAsync(plugin, host, logger, cancellationToken);
            await plugin.StopAsync();
        }

        return 0;
    }

    private static async Task<ServingPlugin> StartAsync(
        PluginEndpoint endpoint, PluginServerOptions options, Func<GrpcRouter> startApplication, ILoggerFactory loggers)
    {
        try
        {
            StandardOutput.WriteHandshake(endpoint.HandshakeLine);
            StandardOutput.Silence();
            // From here on the host may connect; until the server accepts its connection, the kernel keeps it.
            var stdio = new StdioQueue();
            Console.SetOut(new StdioWriter(stdio));
            return await ServingPlugin.StartAsync(endpoint, stdio, options, startApplication(), loggers);
        }
        catch
        {
            endpoint.Dispose();
            throw;
        }
    }

    private static async Task WaitForEndAsync(ServingPlugin plugin, HostWatch host, ILogger logger, CancellationToken cancellationToken)
    {
        var cancelled = new TaskCompletionSource();
        await using var registration = cancellationToken.Register(cancelled.SetResult);
        var ended = await Task.WhenAny(plugin.ShutdownRequested, host.Gone, cancelled.Task);
        if (ended == host.Gone)
        {
            Log.HostGone(logger, host.Pid.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
