using Microsoft.Extensions.Logging;

namespace CloudHypervisor;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Debug, EventName = "cloud_hypervisor_started", Message = "cloud-hypervisor of {instance} runs as pid {pid}, its guest ran after {ms} ms")]
    internal static partial void Started(this ILogger logger, string instance, int pid, long ms);

    [LoggerMessage(Level = LogLevel.Information, EventName = "cloud_hypervisor_found", Message = "cloud-hypervisor {build}, Landlock {landlock}")]
    internal static partial void Found(this ILogger logger, string build, string landlock);

    [LoggerMessage(Level = LogLevel.Debug, EventName = "cloud_hypervisor_event", Message = "cloud-hypervisor of {instance}: {source}/{name}")]
    internal static partial void Happened(this ILogger logger, string instance, string source, string name);

    [LoggerMessage(Level = LogLevel.Information, EventName = "guest_restarted", Message = "the guest of {instance} (pid {pid}) has restarted, which ends the machine")]
    internal static partial void Restarted(this ILogger logger, string instance, int pid);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "no_events", Message = "events of {instance} (pid {pid}) cannot be read, so a restart of its guest will not be noticed: {reason}")]
    internal static partial void NoEvents(this ILogger logger, string instance, int pid, string reason);
}
