using LinuxHost;

namespace MachineFixtures;

/// <summary>A directory under /tmp that is gone after the test, and with it every process that a failed test has left there.</summary>
public sealed class TestDirectory : IDisposable
{
    /// <summary>Absolute.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("vmm-tests-").FullName;

    /// <summary>Path of something in it.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Pids of living processes whose standard error is a file below it.</summary>
    public IReadOnlyList<int> FindProcesses() =>
        [.. ProcessTable.Pids().Where(pid => OutputOf(pid)?.StartsWith(Path + "/", StringComparison.Ordinal) == true)];

    /// <summary>Ends what still runs there and removes it.</summary>
    public void Dispose()
    {
        foreach (int pid in FindProcesses())
        {
            if (ProcessTable.Identify(pid) is { } identity)
            {
                ChildProcess.Watch(identity)?.Kill();
            }
        }
        Directory.Delete(Path, recursive: true);
    }

    private static string? OutputOf(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/fd/2").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile.
            return null;
        }
    }
}
