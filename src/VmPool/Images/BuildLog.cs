using System.Globalization;
using LinuxHost;
using Microsoft.Extensions.Logging;

namespace VmPool.Images;

/// <summary>
/// The full log of one build: every line of every tool, with the time since the start, in a file of bounded size. The last
/// lines are kept for error texts.
/// </summary>
internal sealed class BuildLog : IDisposable
{
    private const long MaximumBytes = 32 << 20;
    private const int KeptLines = 20;
    private const int KeptLogs = 10;

    private readonly StreamWriter _writer;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly Queue<string> _tail = new();
    private readonly Lock _gate = new();

    private readonly ILogger _logger;
    private bool _broken;

    internal BuildLog(Stream file, string path, TimeProvider time, ILogger logger)
    {
        Path = path;
        _time = time;
        _logger = logger;
        _began = time.GetTimestamp();
        _writer = new StreamWriter(file) { AutoFlush = true };
    }

    /// <summary>Absolute path of the file.</summary>
    public string Path { get; }

    /// <summary>Opens a new log in the directory and removes the oldest ones.</summary>
    public static BuildLog Create(string directory, string hash, TimeProvider time, ILogger logger)
    {
        PrivateDirectory.Ensure(directory);
        foreach (string old in Directory.GetFiles(directory, "*.log").OrderDescending(StringComparer.Ordinal).Skip(KeptLogs - 1))
        {
            File.Delete(old);
        }
        string name = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyyMMdd'T'HHmmss.fff}-{hash[..8]}.log");
        string path = System.IO.Path.Combine(directory, name);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite,
            UnixCreateMode = AtomicFile.PrivateMode,
        };
        return new BuildLog(new FileStream(path, options), path, time, logger);
    }

    /// <summary>
    /// Appends one line; beyond the bound, and after the file could not be written, lines are only kept for <see cref="Tail"/>.
    /// Never fails: it is called while a tool's output is read, and a tool whose output nobody reads stops for good. Safe from
    /// several threads.
    /// </summary>
    public void Write(string line)
    {
        lock (_gate)
        {
            _tail.Enqueue(line);
            if (_tail.Count > KeptLines)
            {
                _tail.Dequeue();
            }
            if (_broken || _writer.BaseStream.Position >= MaximumBytes)
            {
                return;
            }
            try
            {
                _writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_time.GetElapsedTime(_began).TotalSeconds,8:0.00} {line}"));
            }
            catch (IOException e)
            {
                _broken = true;
                _logger.LogIncomplete(Path, e.Message);
            }
        }
    }

    /// <summary>The last 20 lines of the current step, joined for one line of text.</summary>
    public string Tail()
    {
        lock (_gate)
        {
            return string.Join(" | ", _tail.Where(line => !string.IsNullOrWhiteSpace(line)));
        }
    }

    /// <summary>Forgets the last lines: what comes belongs to another step.</summary>
    public void StartSection(string title)
    {
        Write($"== {title}");
        lock (_gate)
        {
            _tail.Clear();
        }
    }

    public void Dispose()
    {
        try
        {
            _writer.Dispose();
        }
        catch (IOException) when (_broken)
        {
            // What could not be written before still cannot; that has been said.
        }
    }
}
