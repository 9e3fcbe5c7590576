using Microsoft.Extensions.Logging;

namespace GoPlugin.Logging;

/// <summary>What one log line says.</summary>
internal sealed record HclogEntry(
    DateTimeOffset Time,
    LogLevel Level,
    string Module,
    string Message,
    IReadOnlyList<KeyValuePair<string, object?>>? State,
    string? Error);
