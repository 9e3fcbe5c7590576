using LinuxHost;
using VmPool.Images;

namespace VmPool.Tests.Images;

public sealed class RootDiskTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vmpool-mounts-");

    public void Dispose() => _root.Delete();

    [Fact]
    public async Task What_a_killed_installation_had_mounted_is_gone_with_it()
    {
        var mounted = new TaskCompletionSource();
        using var killed = new CancellationTokenSource();
        string script = $"mount -t tmpfs none {_root.FullName} && grep -q {_root.FullName} /proc/self/mountinfo && echo mounted && sleep 1000";
        Task running = DebianRootDisk.RunInOwnMountsAsync(
            "sh", ["-c", script],
            new HostCommandOptions { Timeout = TimeSpan.FromMinutes(1), Line = _ => mounted.TrySetResult() }, killed.Token);
        // The command's own error (no root, no unshare) comes first when it cannot be run here.
        await await Task.WhenAny(mounted.Task, running);

        await killed.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.DoesNotContain(_root.FullName, await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
    }
}
