using LinuxHost;
using Microsoft.Extensions.Logging.Abstractions;
using VmPool.Images;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Tests.Images;

public sealed class PreparedImageTests : IDisposable
{
    private const int DiskSizeGb = 2;
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vmpool-prepared-");
    private readonly FakeHypervisor _hypervisor = new();
    private readonly FakeSlotPool _slots = new();

    public PreparedImageTests()
    {
        byte[] disk = new byte[1 << 20];
        "an operator's disk"u8.CopyTo(disk.AsSpan(4096));
        File.WriteAllBytes(Source, disk);
        File.WriteAllText(Kernel, "kernel");
        File.WriteAllText(Initrd, "initrd");
    }

    private string Source => Path.Combine(_root.FullName, "source");

    private string Kernel => Path.Combine(_root.FullName, "kernel");

    private string Initrd => Path.Combine(_root.FullName, "initrd");

    private ImageOptions Prepared => new() { Prepared = true, Source = Source, Kernel = Kernel, Initrd = Initrd, CommandLine = "root=/dev/vda rw" };

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task The_image_is_a_copy_of_the_files_and_nothing_is_booted()
    {
        await using ImageStore store = Store(Prepared);

        ImageGeneration image = await store.CurrentAsync(CancellationToken.None);

        Assert.True(image.IsPrepared);
        Assert.Equal(("kernel", "initrd"), (await File.ReadAllTextAsync(image.KernelPath), await File.ReadAllTextAsync(image.InitrdPath!)));
        Assert.Equal(("root=/dev/vda rw", "builder"), (image.KernelCommandLine, image.User));
        await HoldsSourceAsync(image);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead, File.GetUnixFileMode(image.DiskPath));
        Assert.Null(_hypervisor.Request);
        Assert.Empty(_slots.Acquired);
        StoredImage stored = Assert.Single(store.List());
        Assert.True(stored.Prepared);
        Assert.Equal([Source, Kernel, Initrd], stored.Sources);
        Assert.Equal(["disk.raw", "initrd.img", "manifest.json", "vmlinuz"], Directory.GetFiles(image.Directory).Select(path => Path.GetFileName(path)).Order());
        Assert.Empty(Directory.GetDirectories(Path.Combine(_root.FullName, "images"), ".building-*"));
    }

    [Fact]
    public async Task A_qcow2_file_is_converted()
    {
        string raw = Source + ".raw";
        File.Move(Source, raw);
        await HostCommand.RunAsync("qemu-img", ["convert", "-c", "-f", "raw", "-O", "qcow2", raw, Source]);
        await using ImageStore store = Store(Prepared);

        await HoldsSourceAsync(await store.CurrentAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Without_an_initial_RAM_disk_the_image_has_none()
    {
        await using ImageStore store = Store(Prepared with { Initrd = null });

        Assert.Null((await store.CurrentAsync(CancellationToken.None)).InitrdPath);
    }

    [Fact]
    public async Task Later_changes_of_the_files_do_not_reach_the_image_and_make_another_one_at_the_next_start()
    {
        ImageGeneration old;
        await using (ImageStore store = Store(Prepared))
        {
            old = await store.CurrentAsync(CancellationToken.None);
            File.AppendAllText(Initrd, " and more");
            Assert.Equal("initrd", await File.ReadAllTextAsync(old.InitrdPath!));
            Assert.Equal(old, await store.CurrentAsync(CancellationToken.None));
        }
        await using ImageStore next = Store(Prepared);

        ImageGeneration changed = await next.CurrentAsync(CancellationToken.None);

        Assert.NotEqual(old.Hash, changed.Hash);
        Assert.Equal("initrd and more", await File.ReadAllTextAsync(changed.InitrdPath!));
        Assert.False(Directory.Exists(old.Directory));
    }

    [Fact]
    public async Task The_image_is_named_by_all_that_goes_into_it()
    {
        var hashes = new HashSet<string> { await HashAsync(Prepared) };

        Assert.True(hashes.Add(await HashAsync(Prepared with { CommandLine = "root=/dev/vda ro" })));
        Assert.True(hashes.Add(await HashAsync(Prepared with { Initrd = null })));
        Assert.True(hashes.Add(await HashAsync(Prepared with { Initrd = Kernel })));
        Assert.True(hashes.Add(await HashAsync(Prepared with { Kernel = Initrd })));
        File.WriteAllBytes(Source, new byte[1 << 20]);
        Assert.True(hashes.Add(await HashAsync(Prepared)));
    }

    [Fact]
    public async Task A_copy_with_the_same_content_is_the_same_image()
    {
        string hash = await HashAsync(Prepared);
        string copy = Source + ".copy";
        File.Copy(Source, copy);

        Assert.Equal(hash, await HashAsync(Prepared with { Source = copy }));
    }

    // Reading a disk takes minutes: only inode, size and time are looked at, which this change leaves as they were.
    [Fact]
    public async Task Files_that_look_the_same_are_not_read_again_until_a_rebuild_is_forced()
    {
        string hash = await HashAsync(Prepared);
        DateTime time = File.GetLastWriteTimeUtc(Kernel);
        File.WriteAllText(Kernel, "KERNEL");
        File.SetLastWriteTimeUtc(Kernel, time);

        Assert.Equal(hash, await HashAsync(Prepared));
        await using ImageStore store = Store(Prepared);
        ImageGeneration rebuilt = await store.RebuildAsync(CancellationToken.None);

        Assert.NotEqual(hash, rebuilt.Hash);
        Assert.Equal("KERNEL", await File.ReadAllTextAsync(rebuilt.KernelPath));
    }

    [Fact]
    public async Task All_files_that_cannot_be_used_are_named_at_once()
    {
        File.Delete(Kernel);
        File.WriteAllText(Initrd, "");
        await HostCommand.RunAsync("qemu-img", ["create", "-q", "-f", "raw", Source, "3G"]);
        GroupOptions options = Options(Prepared);

        IReadOnlyList<string> faults = PreparedFiles.Faults(options);

        Assert.Equal(3, faults.Count);
        Assert.Equal($"image.source cannot be used: the disk in {Source} has 3221225472 bytes, more than vm_disk_size_gb = 2 allows; set vm_disk_size_gb = 3 or shrink the disk", faults[0]);
        Assert.Equal($"image.kernel cannot be used: cannot look at {Kernel}: No such file or directory (errno 2)", faults[1]);
        Assert.Equal($"image.initrd cannot be used: {Initrd} is empty", faults[2]);
        await using ImageStore store = Store(Prepared);
        var error = await Assert.ThrowsAsync<ImageBuildException>(() => store.CurrentAsync(CancellationToken.None));
        Assert.All(faults, fault => Assert.Contains(fault, error.Message, StringComparison.Ordinal));
        Assert.Equal("failed", store.Status.State);
    }

    [Fact]
    public void An_image_that_is_built_here_has_no_files_to_be_looked_at() => Assert.Empty(PreparedFiles.Faults(new GroupOptions()));

    [Fact]
    public async Task A_file_that_does_not_hold_what_was_read_is_not_published()
    {
        await HashAsync(Prepared);
        // As if it were another one since it was read: the memory says what its inode, size and time cannot.
        string memory = Path.Combine(_root.FullName, "images", "digests", "group");
        string text = await File.ReadAllTextAsync(memory);
        string digest = DataDigest.Of(Kernel);
        Assert.Contains(digest, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(memory, text.Replace(digest, new string('0', digest.Length), StringComparison.Ordinal));
        await using ImageStore store = Store(Prepared);

        var error = await Assert.ThrowsAsync<ImageBuildException>(() => store.CurrentAsync(CancellationToken.None));

        Assert.Contains($"image.kernel: {Kernel} changed while it was copied", error.Message, StringComparison.Ordinal);
    }

    private GroupOptions Options(ImageOptions image) => new()
    {
        Name = "group",
        DiskDirectory = _root.FullName,
        Machine = new MachineOptions { User = "builder", DiskSizeGb = DiskSizeGb },
        Image = image,
    };

    private ImageStore Store(ImageOptions image) => new(Options(image), _hypervisor, _slots, TimeProvider.System, NullLogger<ImageStore>.Instance);

    private async Task<string> HashAsync(ImageOptions image)
    {
        await using ImageStore store = Store(image);
        return (await store.CurrentAsync(CancellationToken.None)).Hash;
    }

    // Its data in its place, and a disk of the configured size around it.
    private static async Task HoldsSourceAsync(ImageGeneration image)
    {
        using FileStream disk = File.OpenRead(image.DiskPath);
        Assert.Equal((long)DiskSizeGb << 30, disk.Length);
        byte[] text = new byte[18];
        disk.Position = 4096;
        await disk.ReadExactlyAsync(text);
        Assert.Equal("an operator's disk"u8.ToArray(), text);
    }
}
