using LinuxHost;

namespace VmPool.Tests.Storage;

/// <summary>A small XFS on a loop device, where files can share their blocks. Needs root and xfsprogs.</summary>
internal sealed class ReflinkMount : IAsyncDisposable
{
    private ReflinkMount(string path) => Path = path;

    public string Path { get; }

    public static async Task<ReflinkMount> CreateAsync(string directory)
    {
        string image = System.IO.Path.Combine(directory, "xfs.img");
        string mountPoint = Directory.CreateDirectory(System.IO.Path.Combine(directory, "mnt")).FullName;
        using (FileStream file = File.Create(image))
        {
            file.SetLength(320 << 20);
        }
        await HostCommand.RunAsync("mkfs.xfs", ["-q", image]);
        await HostCommand.RunAsync("mount", ["-o", "loop", image, mountPoint]);
        return new ReflinkMount(mountPoint);
    }

    // Lazily: a child that another test just forked shares our open files until its exec, and keeps the mount busy that long.
    public async ValueTask DisposeAsync() => await HostCommand.RunAsync("umount", ["--lazy", Path]);
}
