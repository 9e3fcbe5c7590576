using Microsoft.Extensions.Logging;

namespace FleetingPlugin;

/// <summary>Adds one field to every entry, for example the group's name.</summary>
internal sealed class FieldLogger(ILogger inner, string key, string value) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        KeyValuePair<string, object?>[] fields =
        [
            .. state as IReadOnlyList<KeyValuePair<string, object?>> ?? [],
            new(key, value),
        ];
        inner.Log(logLevel, eventId, fields, exception, (_, error) => formatter(state, error));
    }
}

/// <summary>A factory whose loggers all carry one more field.</summary>
internal sealed class FieldLoggerFactory(ILoggerFactory inner, string key, string value) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new FieldLogger(inner.CreateLogger(categoryName), key, value);

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    /// <summary>The inner factory belongs to whoever made it.</summary>
    public void Dispose()
    {
    }
}
