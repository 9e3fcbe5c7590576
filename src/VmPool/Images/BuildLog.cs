using System.Globalization;
using LinuxHost;

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

    private BuildLog(string path, TimeProvider time)
    {
        Path = path;
        _time = time;
        _began = time.GetTimestamp();
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.ReadWrite, UnixCreateMode = AtomicFile.PrivateMode,
        };
        _writer = new StreamWriter(path, options) { AutoFlush = true };
    }

    /// <summary>Absolute path of the file.</summary>
    public string Path { get; }

    /// <summary>Opens a new log in the directory and removes the oldest ones.</summary>
    public static BuildLog Create(string directory, string hash, TimeProvider time)
    {
        PrivateDirectory.Ensure(directory);
        foreach (string old in Directory.GetFiles(directory, "*.log").OrderDescending(StringComparer.Ordinal).Skip(KeptLogs - 1))
        {
            File.Delete(old);
        }
        string name = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyyMMdd'T'HHmmss.fff}-{hash[..8]}.log");
        return new BuildLog(System.IO.Path.Combine(directory, name), time);
    }

    /// <summary>Appends one line; beyond the bound lines are only kept for <see cref="Tail"/>. Safe from several threads.</summary>
    public void Write(string line)
    {
        lock (_gate)
        {
            _tail.Enqueue(line);
            if (_tail.Count > KeptLines)
            {
                _tail.Dequeue();
            }
            if (_writer.BaseStream.Position < MaximumBytes)
            {
                _writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_time.GetElapsedTime(_began).TotalSeconds,8:0.00} {line}"));
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

    public void Dispose() => _writer.Dispose();
}
