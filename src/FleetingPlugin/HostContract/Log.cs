using Microsoft.Extensions.Logging;

namespace FleetingPlugin.HostContract;

/// <summary>What the search for the contract says.</summary>
internal static partial class Log
{
    [LoggerMessage(EventName = "contract_found", Level = LogLevel.Information, Message = "speaking {service} of {file}, found in {executable} ({form}, {source}) in {ms} ms")]
    public static partial void ContractFound(this ILogger log, string service, string file, string executable, string form, string source, double ms);

    [LoggerMessage(EventName = "contract_versions", Level = LogLevel.Information, Message = "several versions of the contract: {service} is taken as the highest, {other} is there too")]
    public static partial void OtherVersion(this ILogger log, string service, string other);

    [LoggerMessage(EventName = "contract_missing", Level = LogLevel.Error, Message = "{reason}")]
    public static partial void ContractMissing(this ILogger log, string reason);

    [LoggerMessage(EventName = "contract_cache_used", Level = LogLevel.Warning, Message = "the runner's executable cannot be read ({reason}); speaking {service} as remembered in {path}")]
    public static partial void CacheUsed(this ILogger log, string service, string path, string reason);

    [LoggerMessage(EventName = "contract_cache_not_written", Level = LogLevel.Warning, Message = "cannot remember the runner's contract in {path}: {reason}")]
    public static partial void CacheNotWritten(this ILogger log, string path, string reason);
}
