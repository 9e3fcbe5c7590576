using GoPlugin.Interop;
using Microsoft.Extensions.Logging;

namespace GoPlugin.Logging;

/// <summary>
/// Loggers whose entries arrive in the host's log as structured records at their own level. Writes to descriptor 2 itself:
/// never through Console, never from a queue, so an entry is out when the call returns, even if the process dies next.
/// Usable as the whole logging of a program, or as a provider of another factory.
/// </summary>
public sealed class HclogLoggerFactory : ILoggerFactory, ILoggerProvider
{
    /// <summary>What a writer gets: one complete line, its line break included.</summary>
    internal delegate void LineWriter(ReadOnlySpan<byte> line);

    // One lock for everybody in the process: lines of concurrent writers never mix.
    private static readonly Lock Writing = new();

    private readonly LogLevel _minimum;
    private readonly TimeProvider _clock;
    private readonly LineWriter _write;

    /// <summary>Creates the factory.</summary>
    /// <param name="minimum">Entries below are not written. ASP.NET Core's own start at Warning whatever this says.</param>
    /// <param name="clock">For the timestamps.</param>
    public HclogLoggerFactory(LogLevel minimum = LogLevel.Information, TimeProvider? clock = null)
        : this(minimum, clock ?? TimeProvider.System, WriteToStandardError)
    {
    }

    internal HclogLoggerFactory(LogLevel minimum, TimeProvider clock, LineWriter write)
    {
        _minimum = minimum;
        _clock = clock;
        _write = write;
    }

    /// <inheritdoc />
    public ILogger CreateLogger(string categoryName)
    {
        ArgumentNullException.ThrowIfNull(categoryName);
        var isFramework = categoryName.StartsWith("Microsoft.", StringComparison.Ordinal)
            || categoryName.StartsWith("System.", StringComparison.Ordinal);
        return new HclogLogger(
            categoryName, isFramework && _minimum < LogLevel.Warning ? LogLevel.Warning : _minimum, _clock, _write);
    }

    /// <summary>Not supported: there is one destination.</summary>
    /// <param name="provider">Any.</param>
    /// <exception cref="NotSupportedException">Always.</exception>
    public void AddProvider(ILoggerProvider provider)
        => throw new NotSupportedException("hclog lines on stderr are the only destination; use this as a provider of another factory instead");

    /// <inheritdoc />
    public void Dispose()
    {
        // Nothing is buffered, and descriptor 2 is not ours to close.
    }

    internal static void WriteToStandardError(ReadOnlySpan<byte> line)
    {
        lock (Writing)
        {
            // Without a reader (the host died) there is nobody to tell, and the program must go on to clean up.
            _ = FileDescriptor.WriteAll(Libc.StandardError, line);
        }
    }
}
