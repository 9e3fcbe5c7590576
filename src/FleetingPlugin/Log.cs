using Microsoft.Extensions.Logging;

namespace FleetingPlugin;

/// <summary>What the wiring itself says.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "{Warning}")]
    public static partial void HostWarning(this ILogger log, string warning);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "max_vms is {MaxVms}, but the host has room for about {Room}: {Reason}; requests above that will be refused")]
    public static partial void MaxVmsDoesNotFit(this ILogger log, string group, int maxVms, long room, string reason);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "{Warning}")]
    public static partial void HypervisorWarning(this ILogger log, string hypervisor, string warning);

    [LoggerMessage(EventId = 4, Level = LogLevel.Error, Message = "preparation failed; instances will fail with the same error until it is mended")]
    public static partial void PreparationFailed(this ILogger log, Exception error);

    [LoggerMessage(EventId = 6, Level = LogLevel.Information, Message = "hypervisor = \"auto\" means {Hypervisor} on this host: {Reason}")]
    public static partial void HypervisorChosen(this ILogger log, string hypervisor, string reason);

    [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "connector_config.password is set, so instances boot, which takes many times longer than clones; use keys (leave the password out)")]
    public static partial void PasswordMeansBoot(this ILogger log, string group);
}
