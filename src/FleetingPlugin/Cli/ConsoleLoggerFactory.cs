using System.Globalization;
using Microsoft.Extensions.Logging;

namespace FleetingPlugin.Cli;

/// <summary>Log lines for a person at a terminal: time, level where it is not information, text.</summary>
internal sealed class ConsoleLoggerFactory(TextWriter writer) : ILoggerFactory
{
    private readonly Lock gate = new();

    public ILogger CreateLogger(string categoryName) => new ConsoleLogger(this);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("there is one destination");

    public void Dispose()
    {
    }

    private void Write(LogLevel level, string text, Exception? error)
    {
        string mark = level >= LogLevel.Error ? "error: " : level == LogLevel.Warning ? "warning: " : "";
        string cause = error is null ? "" : ": " + error.Message;
        lock (gate)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetLocalNow():HH:mm:ss} {mark}{text}{cause}"));
        }
    }

    private sealed class ConsoleLogger(ConsoleLoggerFactory factory) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                factory.Write(logLevel, formatter(state, exception), exception);
            }
        }
    }
}
