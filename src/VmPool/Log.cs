using Microsoft.Extensions.Logging;

namespace VmPool;

/// <summary>Everything the pool itself says, so that wording and levels stay of one kind.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "group opened: {Adopted} instances adopted, {Reclaimed} reclaimed, at most {MaxSize}")]
    public static partial void GroupOpened(this ILogger log, string group, string hypervisor, int adopted, int reclaimed, int maxSize);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "instance accepted")]
    public static partial void InstanceAccepted(this ILogger log, string instance);

    [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "instance running: {Timeline}")]
    public static partial void InstanceRunning(this ILogger log, string instance, int? slot, string address, string timeline);

    [LoggerMessage(EventId = 4, Level = LogLevel.Error, Message = "instance failed after step {Step}")]
    public static partial void InstanceFailed(this ILogger log, Exception error, string instance, int? slot, string step);

    [LoggerMessage(EventId = 5, Level = LogLevel.Information, Message = "instance is being deleted")]
    public static partial void InstanceDeleting(this ILogger log, string instance, int? slot);

    [LoggerMessage(EventId = 6, Level = LogLevel.Information, Message = "instance deleted")]
    public static partial void InstanceDeleted(this ILogger log, string instance, int? slot);

    [LoggerMessage(EventId = 7, Level = LogLevel.Error, Message = "teardown failed; next try in {Seconds} s")]
    public static partial void TeardownFailed(this ILogger log, Exception error, string instance, int? slot, double seconds);

    [LoggerMessage(EventId = 8, Level = LogLevel.Warning, Message = "fewer instances accepted than asked: {Accepted} of {Asked}: {Reason}")]
    public static partial void CapacityShort(this ILogger log, int accepted, int asked, string reason);

    [LoggerMessage(EventId = 9, Level = LogLevel.Warning, Message = "the record could not be written; the instance is deleted all the same")]
    public static partial void RecordNotWritten(this ILogger log, Exception error, string instance);

    [LoggerMessage(EventId = 10, Level = LogLevel.Warning, Message = "left over from an earlier run, now being removed: {Reason}")]
    public static partial void Reclaiming(this ILogger log, string instance, string reason);

    [LoggerMessage(EventId = 31, Level = LogLevel.Debug, Message = "released the network slot of {Owner}, whose process is gone")]
    public static partial void SlotReclaimed(this ILogger log, string owner);

    [LoggerMessage(EventId = 11, Level = LogLevel.Warning, Message = "hypervisor is simulated: no virtual machine exists, jobs cannot run")]
    public static partial void Simulated(this ILogger log, string group);

    [LoggerMessage(EventId = 32, Level = LogLevel.Debug, Message = "network slot ready for whoever comes next")]
    public static partial void SlotReady(this ILogger log, int slot);

    [LoggerMessage(EventId = 12, Level = LogLevel.Warning, Message = "network slots cannot be kept ready; instances make their own, and it is tried again from time to time")]
    public static partial void SlotsNotKeptReady(this ILogger log, Exception error);

    [LoggerMessage(EventId = 30, Level = LogLevel.Warning, Message = "a spare could not be made or has ended; the next try comes after a pause that doubles up to a minute: {Reason}")]
    public static partial void SpareFailed(this ILogger log, string reason);
}
