using Microsoft.Extensions.Logging;

namespace FleetingPlugin.Binding;

/// <summary>What the binding says.</summary>
internal static partial class Log
{
    [LoggerMessage(EventName = "contract_gap_required", Level = LogLevel.Error,
        Message = "the runner's contract has no place for {field}: {gap} ({file} in {executable}); calls of the method will fail")]
    public static partial void RequiredGap(this ILogger log, string field, string gap, string file, string executable);

    [LoggerMessage(EventName = "contract_gap", Level = LogLevel.Warning,
        Message = "the runner's contract has no place for {field}: {gap} ({file} in {executable})")]
    public static partial void Gap(this ILogger log, string field, string gap, string file, string executable);

    [LoggerMessage(EventName = "contract_structure", Level = LogLevel.Information,
        Message = "{method}: {field} is bound to {place} as the only field of a fitting type")]
    public static partial void BoundByStructure(this ILogger log, string method, string field, string place);
}
