using System.Diagnostics;
using System.Globalization;

namespace CloudHypervisorStandIn;

/// <summary>Log lines in the real one's form: warnings and errors always, the rest with -v.</summary>
internal sealed class StandInLog : IDisposable
{
    private readonly TextWriter _output;
    private readonly bool _tellsAll;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Lock _gate = new();

    private StandInLog(TextWriter output, bool tellsAll)
    {
        _output = output;
        _tellsAll = tellsAll;
    }

    /// <exception cref="IOException">The file cannot be made.</exception>
    internal static StandInLog Open(string? path, int verbosity) => new(
        path is null
            ? Console.Error
            : new StreamWriter(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true },
        verbosity > 0);

    internal void Info(string message)
    {
        if (_tellsAll)
        {
            Write("INFO", message);
        }
    }

    internal void Error(string message) => Write("ERROR", message);

    /// <summary>Standard error stays open: the last words come behind this.</summary>
    public void Dispose()
    {
        if (_output != Console.Error)
        {
            _output.Dispose();
        }
    }

    private void Write(string level, string message)
    {
        double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        lock (_gate)
        {
            _output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"cloud-hypervisor: {seconds,10:0.000000}s: <vmm> {level}:stand-in -- {message}"));
        }
    }
}
