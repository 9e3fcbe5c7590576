using LinuxHost;
using Microsoft.Extensions.Logging.Abstractions;
using VmPool.Images;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Storage;
using VmPool.Templates;
using VmPool.Tests.Templates;

namespace VmPool.Tests.Storage;

public sealed class LoopFileSystemTests : IAsyncLifetime
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vmpool-loop-");

    private string MountPoint => LoopFileSystem.MountPointIn(_root.FullName);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        // Lazily: a child that another test just forked may keep it busy for a moment.
        await HostCommand.RunAsync("umount", ["--lazy", MountPoint], new HostCommandOptions { AcceptedExitCodes = [0, 32] });
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task Files_share_their_blocks_in_it_and_it_is_made_and_mounted_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => LoopFileSystem.EnsureAsync(MountPoint, 1, TimeProvider.System, CancellationToken.None)));
        File.WriteAllText(Path.Combine(MountPoint, "kept"), "kept");

        Assert.Null(RawDisks.Fault(MountPoint));
        Assert.Single(MountTable.Read(), mount => mount.MountPoint == MountPoint);
        Assert.Equal(PrivateDirectory.OwnerOnly, File.GetUnixFileMode(MountPoint));
        Assert.Equal(["disks", "disks.xfs"], _root.EnumerateFileSystemInfos().Select(entry => entry.Name).Order(StringComparer.Ordinal));
        Assert.Equal(1L << 30, new FileInfo(MountPoint + ".xfs").Length);

        // As after a reboot; another size changes nothing.
        await HostCommand.RunAsync("umount", ["--lazy", MountPoint]);
        await LoopFileSystem.EnsureAsync(MountPoint, 2, TimeProvider.System, CancellationToken.None);
        Assert.Equal("kept", File.ReadAllText(Path.Combine(MountPoint, "kept")));
    }

    [Fact]
    public async Task Nothing_is_written_where_the_next_mount_would_hide_it()
    {
        var options = new GroupOptions { DiskDirectory = MountPoint, DiskLoopGb = 1 };
        LoopFileSystem.RequireMounted(options);
        await LoopFileSystem.EnsureAsync(MountPoint, 1, TimeProvider.System, CancellationToken.None);
        LoopFileSystem.RequireMounted(options);
        await HostCommand.RunAsync("umount", ["--lazy", MountPoint]);
        var guests = new FakeGuests();
        var disks = new InstanceDisks(options, guests);
        await using var templates = new TemplateStore(
            options, guests, guests.Slots, disks, guests, guests, guests, TimeProvider.System, NullLogger<TemplateStore>.Instance);
        await using var images = new ImageStore(options, guests, guests.Slots, TimeProvider.System, NullLogger<ImageStore>.Instance);
        var image = new ImageGeneration("hash", MountPoint, "disk", "kernel", "initrd", "quiet", "ci");
        string directory = Path.Combine(MountPoint, "ci-1");

        var faults = new List<Exception>
        {
            await Assert.ThrowsAsync<HostRequirementException>(() => disks.CreateAsync(image, directory, 1, null!, CancellationToken.None)),
            Assert.Throws<HostRequirementException>(() => disks.CreateClone(null!, directory, 1)),
            await Assert.ThrowsAnyAsync<Exception>(() => images.CurrentAsync(CancellationToken.None)),
        };
        Assert.Null(await templates.CurrentAsync(image, CancellationToken.None));

        Assert.All(faults.Select(fault => fault.Message).Append(templates.Status.Detail),
            text => Assert.Contains($"{MountPoint}.xfs, which holds images, templates and disks, is not mounted on {MountPoint}", text, StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(MountPoint));
    }

    [Fact]
    public async Task One_that_is_mounted_is_found_through_a_link_and_closed_to_others_again()
    {
        string behindLink = LoopFileSystem.MountPointIn(Path.Combine(_root.FullName, "link"));
        Directory.CreateSymbolicLink(Path.GetDirectoryName(behindLink)!, ".");
        await LoopFileSystem.EnsureAsync(behindLink, 1, TimeProvider.System, CancellationToken.None);
        // As after a kill -9 right behind the mount.
        File.SetUnixFileMode(MountPoint, PrivateDirectory.OwnerOnly | UnixFileMode.OtherRead);

        await LoopFileSystem.EnsureAsync(behindLink, 1, TimeProvider.System, CancellationToken.None);

        Assert.Single(MountTable.Read(), mount => mount.MountPoint == MountPoint);
        Assert.Equal(PrivateDirectory.OwnerOnly, File.GetUnixFileMode(MountPoint));
    }

    [Fact]
    public async Task What_is_no_file_system_is_told_with_the_key()
    {
        await File.WriteAllTextAsync(MountPoint + ".xfs", "nothing of that kind");

        HostRequirementException error = await Assert.ThrowsAsync<HostRequirementException>(
            () => LoopFileSystem.EnsureAsync(MountPoint, 1, TimeProvider.System, CancellationToken.None));

        Assert.StartsWith($"vm_disk_loop_gb = 1: the file system in {MountPoint}.xfs cannot be mounted on {MountPoint}: ", error.Message, StringComparison.Ordinal);
    }
}
