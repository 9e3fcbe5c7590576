using LinuxHost;

namespace Qemu.Tests;

/// <summary>A directory under /tmp that is gone after the test, and with it every process that a failed test has left there.</summary>
internal sealed class TestDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("qemu-tests-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        foreach (int pid in StubProcess.FindIn(this))
        {
            if (ProcessTable.Identify(pid) is { } identity)
            {
                ChildProcess.Watch(identity)?.Kill();
            }
        }
        Directory.Delete(Path, recursive: true);
    }
}
