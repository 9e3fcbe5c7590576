namespace LinuxHost.Tests.Files;

/// <summary>A small XFS with reflink on a loop device. Needs root and xfsprogs; HostCommand's error names what is missing.</summary>
internal sealed class LoopMount : IAsyncDisposable
{
    private LoopMount(string path) => Path = path;

    internal string Path { get; }

    internal static async Task<LoopMount> CreateAsync(TemporaryDirectory directory)
    {
        string image = directory.File("xfs.img");
        string mountPoint = directory.File("mnt");
        Directory.CreateDirectory(mountPoint);
        using (FileStream file = System.IO.File.Create(image))
        {
            file.SetLength(320 << 20);
        }
        await HostCommand.RunAsync("mkfs.xfs", ["-q", image]);
        await HostCommand.RunAsync("mount", ["-o", "loop", image, mountPoint]);
        return new LoopMount(mountPoint);
    }

    internal string File(string name) => System.IO.Path.Join(Path, name);

    public async ValueTask DisposeAsync()
    {
        // A child that another test just forked shares our open files until its exec, and keeps the mount busy that long.
        var busyAllowed = new HostCommandOptions { AcceptedExitCodes = [0, 32] };
        long start = TimeProvider.System.GetTimestamp();
        while ((await HostCommand.RunAsync("umount", [Path], busyAllowed)) is { ExitCode: not 0 } failed)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Eventually.Deadline, failed.Error);
            await Task.Delay(20);
        }
    }
}
