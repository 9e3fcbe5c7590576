using Microsoft.Extensions.Logging;

namespace VmPool.Networking;

internal static partial class Log
{
    [LoggerMessage(LogLevel.Debug, "slot {Slot} ({Namespace}) is up for {Instance} after {Ms} ms")]
    public static partial void SlotUp(ILogger logger, int slot, string @namespace, string instance, long ms);

    [LoggerMessage(LogLevel.Debug, "slot {Slot} ({Namespace}) of {Instance} is removed after {Ms} ms")]
    public static partial void SlotRemoved(ILogger logger, int slot, string @namespace, string instance, long ms);

    [LoggerMessage(LogLevel.Warning, "slot {Slot}: ending processes left in {Namespace}: {Pids}")]
    public static partial void KillingLeftovers(ILogger logger, int slot, string @namespace, string pids);

    [LoggerMessage(LogLevel.Information, "slot {Slot}: {Namespace} already exists though nobody uses it; removing it first")]
    public static partial void RemovingLeftovers(ILogger logger, int slot, string @namespace);

    [LoggerMessage(LogLevel.Information, "switched forwarding on: {Keys} (network.manage_sysctl); the last slot of this host puts it back")]
    public static partial void ForwardingOn(ILogger logger, string keys);

    [LoggerMessage(LogLevel.Information, "guests have no IPv6 internet: {Reason}")]
    public static partial void NoIpv6(ILogger logger, string reason);
}
