using GoPlugin.Grpc;
using Microsoft.Extensions.Logging;

namespace GoPlugin.Logging;

/// <summary>One category's logger; the category becomes the entry's @module.</summary>
internal sealed class HclogLogger(string category, LogLevel minimum, TimeProvider clock, HclogLoggerFactory.LineWriter write) : ILogger
{
    // Values that belong to several entries are given to each of them as fields.
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
        => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= minimum && logLevel != LogLevel.None;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        var entry = new HclogEntry(
            clock.GetUtcNow(),
            logLevel,
            category,
            formatter(state, exception),
            state as IReadOnlyList<KeyValuePair<string, object?>>,
            exception is null ? null : Describe(exception));
        write(HclogLine.Format(entry).Span);
    }

    // The texts first, which operators read; the stack only where it is the only clue.
    private static string Describe(Exception exception)
        => exception is NullReferenceException or InvalidCastException or IndexOutOfRangeException or KeyNotFoundException
            ? GrpcStatus.Describe(exception) + " | " + exception
            : GrpcStatus.Describe(exception);
}
