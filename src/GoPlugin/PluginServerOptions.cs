using GoPlugin.Grpc;
using Microsoft.Extensions.Logging;

namespace GoPlugin;

/// <summary>How a plugin is served.</summary>
public sealed record PluginServerOptions
{
    /// <summary>Where the server's own entries go; null for hclog lines on stderr at Information.</summary>
    public ILoggerFactory? Loggers { get; init; }

    /// <summary>For deadlines, waits and timestamps.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The largest request message accepted, in bytes; larger ones are answered with ResourceExhausted. 64 MiB.</summary>
    public int MaxMessageBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// The error funnel: what a call is answered with when its handler throws anything but a
    /// <see cref="GrpcStatusException"/>. The default is Unknown with the texts of the whole chain.
    /// </summary>
    public Func<Exception, GrpcStatus> MapException { get; init; } = GrpcStatus.FromException;

    /// <summary>
    /// Work before the end. When the host asks for the end it runs before the host gets its answer, other calls still being
    /// served; it also runs when the host has died. Its token fires at <see cref="MaxShutdownTime"/>.
    /// </summary>
    public Func<CancellationToken, Task>? OnShuttingDown { get; init; }

    /// <summary>The longest <see cref="OnShuttingDown"/> may take before it is abandoned; 10 s. The host waits as long.</summary>
    public TimeSpan MaxShutdownTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Connects to services that the host offers to the plugin, once the server runs.</summary>
    public GrpcBroker Broker { get; init; } = new();
}
