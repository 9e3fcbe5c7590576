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

    public async ValueTask DisposeAsync() => await HostCommand.RunAsync("umount", [Path]);
}
