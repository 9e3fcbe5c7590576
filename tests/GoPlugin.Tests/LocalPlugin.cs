using GoPlugin.Hosting;
using GoPlugin.Logging;
using GoPlugin.Services;
using GoPlugin.TestPlugin;
using Microsoft.Extensions.Logging;

namespace GoPlugin.Tests;

/// <summary>A serving plugin inside the test process.</summary>
internal sealed class LocalPlugin : IAsyncDisposable
{
    private readonly List<string> _log = [];

    private LocalPlugin()
    {
    }

    public PluginEndpoint Endpoint { get; private set; } = null!;

    public ServingPlugin Serving { get; private set; } = null!;

    public string SocketPath => Endpoint.Socket.Path;

    public PluginServerOptions Options { get; private set; } = null!;

    public string[] Fields => Endpoint.HandshakeLine.TrimEnd('\n').Split('|');

    public StdioQueue Stdio { get; } = new();

    public string[] LogLines
    {
        get
        {
            lock (_log)
            {
                return [.. _log];
            }
        }
    }

    public static async Task<LocalPlugin> StartAsync(
        PluginEnvironment? environment = null, Func<PluginServerOptions, PluginServerOptions>? configure = null)
    {
        var plugin = new LocalPlugin();
        var loggers = new HclogLoggerFactory(LogLevel.Debug, TimeProvider.System, plugin.Record);
        var options = new PluginServerOptions { Loggers = loggers };
        plugin.Options = configure is null ? options : configure(options);
        environment ??= new PluginEnvironment { SocketDirectory = Path.GetTempPath() };
        plugin.Endpoint = PluginEndpoint.Open(environment, TimeProvider.System, loggers.CreateLogger("test"));
        plugin.Serving = await ServingPlugin.StartAsync(
            plugin.Endpoint, plugin.Stdio, plugin.Options, TestServices.Create(plugin.Options), loggers);
        return plugin;
    }

    public ScriptedHost Connect() => new(SocketPath);

    public async ValueTask DisposeAsync()
    {
        await Serving.StopAsync();
        await Serving.DisposeAsync();
    }

    private void Record(ReadOnlySpan<byte> line)
    {
        lock (_log)
        {
            _log.Add(System.Text.Encoding.UTF8.GetString(line));
        }
    }
}
