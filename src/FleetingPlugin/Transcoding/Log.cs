using Microsoft.Extensions.Logging;

namespace FleetingPlugin.Transcoding;

/// <summary>What transcoding says.</summary>
internal static partial class Log
{
    [LoggerMessage(EventName = "contract_partial_success", Level = LogLevel.Warning,
        Message = "{method}: {done} done, but not all, and the runner's contract has no field to say so: {reason}")]
    public static partial void PartialSuccess(this ILogger log, string method, int done, string reason);
}
