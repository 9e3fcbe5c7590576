using System.Text.Json;
using LinuxHost;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Storage;
using VmPool.Tests.Templates;

namespace VmPool.Tests.Storage;

public sealed class InstanceDisksTests : IDisposable
{
    private const uint User = 23456;
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vmpool-disks-");
    private readonly InstanceDisks _disks;
    private readonly ImageGeneration _image;
    private readonly GuestIdentity _identity = new()
    {
        InstanceId = "ci-42",
        HostName = "ci-42",
        User = "ci",
        AuthorizedKey = "ecdsa-sha2-nistp256 AAAA login",
        HostKeyPem = "-----BEGIN PRIVATE KEY-----\nQQ==\n-----END PRIVATE KEY-----\n",
        HostKeyPublic = "ecdsa-sha2-nistp256 BBBB host",
    };

    public InstanceDisksTests()
    {
        _disks = DisksIn(_root.FullName, "qcow2", "raw");
        string image = _root.CreateSubdirectory("images").FullName;
        string disk = Path.Combine(image, "disk.raw");
        File.WriteAllText(disk, new string('x', 1 << 20));
        _image = new ImageGeneration("hash", image, disk, Path.Combine(image, "vmlinuz"), null, "root=/dev/vda", "ci");
    }

    private string Machine => Path.Combine(_root.FullName, "ci-42");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task The_root_disk_is_an_overlay_that_survives_the_removal_of_the_image()
    {
        IReadOnlyList<VmDisk> disks = await CreateAsync(_identity);
        Directory.Delete(_image.Directory, recursive: true);

        Assert.Equal([("qcow2", false), ("raw", true)], disks.Select(disk => (disk.Format, disk.ReadOnly)));
        HostCommandResult check = await HostCommand.RunAsync("qemu-img", ["info", "--output=json", "--backing-chain", disks[0].Path]);
        using JsonDocument chain = JsonDocument.Parse(check.Output);
        Assert.Equal(2, chain.RootElement.GetArrayLength());
        Assert.Equal(1 << 20, chain.RootElement[0].GetProperty("virtual-size").GetInt64());
        Assert.Equal("base.raw", chain.RootElement[0].GetProperty("backing-filename").GetString());
    }

    [Fact]
    public async Task A_clones_overlay_finds_everything_below_it_beside_it_wherever_the_directory_is_and_survives_the_template()
    {
        IReadOnlyList<VmDisk> disks = await CreateAsync(_identity);
        await HostCommand.RunAsync("qemu-io", ["-f", "qcow2", "-c", "write -P 0x74 0 4k", disks[0].Path]);
        await QcowDisks.FreezeAsync(disks[0].Path, CancellationToken.None);
        var template = new Template("key", _image, disks[0] with { ReadOnly = true }, disks[1], new NoTemplate());
        string directory = Path.Combine(_root.FullName, "clone");

        IReadOnlyList<VmDisk> clone = _disks.CreateClone(template, directory, User + 1);
        Directory.Delete(Machine, recursive: true);
        Directory.Delete(_image.Directory, recursive: true);
        string moved = directory + "-elsewhere";
        Directory.Move(directory, moved);

        Assert.Equal([new VmDisk(Path.Combine(directory, "disk.qcow2"), "qcow2", ReadOnly: false), disks[1]], clone);
        HostCommandResult info = await HostCommand.RunAsync("qemu-img", ["info", "--output=json", "--backing-chain", Path.Combine(moved, "disk.qcow2")]);
        using JsonDocument chain = JsonDocument.Parse(info.Output);
        Assert.Equal([("template.qcow2", "qcow2"), ("base.raw", "raw")], chain.RootElement.EnumerateArray().SkipLast(1)
            .Select(layer => (layer.GetProperty("backing-filename").GetString(), layer.GetProperty("backing-filename-format").GetString())));
        // What the template wrote, and what it left of the image.
        await HostCommand.RunAsync(
            "qemu-io", ["-r", "-f", "qcow2", "-c", "read -P 0x74 0 4k", "-c", "read -P 0x78 4k 4k", Path.Combine(moved, "disk.qcow2")]);
        HostCommandResult listing = await HostCommand.RunAsync("stat", ["--format=%n %u:%g %a", .. Directory.GetFiles(moved).Order()]);
        Assert.Equal(
            [$"{moved}/base.raw 0:0 644", $"{moved}/disk.qcow2 23457:23457 600", $"{moved}/template.qcow2 23456:23456 600"],
            listing.Output.Trim().Split('\n'));
    }

    [Fact]
    public async Task A_machine_of_a_prepared_image_has_one_disk_and_no_seed()
    {
        IReadOnlyList<VmDisk> disks = await _disks.CreateAsync(_image with { IsPrepared = true }, Machine, User, _identity, CancellationToken.None);

        Assert.Equal("disk.qcow2", Path.GetFileName(Assert.Single(disks).Path));
        Assert.False(File.Exists(Path.Combine(Machine, "seed.iso")));
    }

    [Fact]
    public async Task Directory_and_disks_belong_to_the_machine_and_are_closed_to_others()
    {
        IReadOnlyList<VmDisk> disks = await CreateAsync(_identity);

        string[] paths = [Machine, .. disks.Select(disk => disk.Path)];
        HostCommandResult listing = await HostCommand.RunAsync("stat", ["--format=%u:%g %a", .. paths]);
        Assert.Equal(["23456:23456 700", "23456:23456 600", "23456:23456 600"], listing.Output.Trim().Split('\n'));
        Assert.Equal(["base.raw", "disk.qcow2", "seed.iso"], Directory.GetFileSystemEntries(Machine).Select(path => Path.GetFileName(path)).Order());
    }

    [Fact]
    public async Task The_seed_carries_the_identity_in_the_form_cloud_init_reads()
    {
        IReadOnlyList<VmDisk> disks = await CreateAsync(_identity);

        string meta = await ReadAsync(disks[1].Path, "/meta-data");
        Assert.Equal("instance-id: ci-42\nlocal-hostname: ci-42\ndsmode: local\n", meta);
        string user = await ReadAsync(disks[1].Path, "/user-data");
        Assert.StartsWith("#cloud-config\n", user, StringComparison.Ordinal);
        using JsonDocument data = JsonDocument.Parse(user["#cloud-config\n".Length..]);
        Dictionary<string, JsonElement> files = data.RootElement.GetProperty("write_files").EnumerateArray()
            .ToDictionary(file => file.GetProperty("path").GetString()!);
        Assert.Equal(_identity.HostKeyPem, files["/etc/ssh/ssh_host_ecdsa_key"].GetProperty("content").GetString());
        Assert.Equal("0600", files["/etc/ssh/ssh_host_ecdsa_key"].GetProperty("permissions").GetString());
        Assert.Equal("ecdsa-sha2-nistp256 AAAA login\n", files["/home/ci/.ssh/authorized_keys"].GetProperty("content").GetString());
        Assert.Equal("ci:ci", files["/home/ci/.ssh/authorized_keys"].GetProperty("owner").GetString());
        Assert.Contains("127.0.1.1 ci-42\n", files["/etc/hosts"].GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.False(data.RootElement.TryGetProperty("chpasswd", out _));
        Assert.DoesNotContain("PasswordAuthentication", user, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_static_password_reaches_the_guest_only_as_a_hash()
    {
        IReadOnlyList<VmDisk> disks = await CreateAsync(_identity with { Password = "top-secret" });

        string user = await ReadAsync(disks[1].Path, "/user-data");
        Assert.DoesNotContain("top-secret", user, StringComparison.Ordinal);
        using JsonDocument data = JsonDocument.Parse(user["#cloud-config\n".Length..]);
        JsonElement entry = data.RootElement.GetProperty("chpasswd").GetProperty("users")[0];
        string hash = entry.GetProperty("password").GetString()!;
        Assert.Equal(Sha512Crypt.Hash("top-secret", hash.Split('$')[2]), hash);
        Assert.Contains("PasswordAuthentication yes", user, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hypervisor_that_runs_raw_disks_only_is_refused_where_files_cannot_share_their_blocks()
    {
        // tmpfs cannot.
        DirectoryInfo memory = Directory.CreateDirectory($"/dev/shm/vmpool-disks-{Environment.ProcessId}");
        try
        {
            var error = await Assert.ThrowsAsync<HostRequirementException>(
                () => DisksIn(memory.FullName, "raw").CreateAsync(_image, Path.Combine(memory.FullName, "ci-42"), User, _identity, CancellationToken.None));

            Assert.Equal($"files in {memory.FullName} cannot share their blocks, which this hypervisor's disks must: "
                + "put vm_disk_directory on btrfs or on XFS (reflink=1, its default), or set vm_disk_loop_gb, or hypervisor = \"qemu\"", error.Message);
            Assert.Empty(memory.EnumerateFileSystemInfos());
        }
        finally
        {
            memory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task With_raw_disks_machine_and_clone_share_the_blocks_of_what_they_come_from()
    {
        await using ReflinkMount mount = await ReflinkMount.CreateAsync(_root.FullName);
        string image = Path.Combine(mount.Path, "image.raw");
        File.Copy(_image.DiskPath, image);
        InstanceDisks disks = DisksIn(mount.Path, "raw");

        IReadOnlyList<VmDisk> booted = await disks.CreateAsync(
            _image with { DiskPath = image }, Path.Combine(mount.Path, "template"), User, _identity, CancellationToken.None);
        var template = new Template("key", _image, booted[0] with { ReadOnly = true }, booted[1], new NoTemplate());
        IReadOnlyList<VmDisk> clone = disks.CreateClone(template, Path.Combine(mount.Path, "clone"), User + 1);

        Assert.Equal([("raw", false), ("raw", true)], booted.Select(disk => (disk.Format, disk.ReadOnly)));
        Assert.Equal([new VmDisk(Path.Combine(mount.Path, "clone", "disk.raw"), "raw", ReadOnly: false), booted[1]], clone);
        Assert.Equal(["disk.raw", "seed.iso"], Directory.GetFileSystemEntries(Path.Combine(mount.Path, "template")).Select(path => Path.GetFileName(path)).Order());
        File.WriteAllText(clone[0].Path, "of the clone");
        Assert.Equal(File.ReadAllText(image), File.ReadAllText(booted[0].Path));
        HostCommandResult listing = await HostCommand.RunAsync("stat", ["--format=%u:%g %a", booted[0].Path, clone[0].Path]);
        Assert.Equal(["23456:23456 600", "23457:23457 600"], listing.Output.Trim().Split('\n'));
    }

    [Fact]
    public async Task Room_in_a_file_system_of_our_own_counts_only_as_far_as_its_file_can_grow()
    {
        const long Outside = 8 << 20;
        string outside = _root.CreateSubdirectory("outside").FullName;
        string inside = LoopFileSystem.MountPointIn(outside);
        await HostCommand.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={Outside}", "none", outside]);
        Directory.CreateDirectory(inside);
        await HostCommand.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={8 * Outside}", "none", inside]);
        try
        {
            var options = new GroupOptions { DiskDirectory = inside };

            Assert.Equal(8 * Outside, new InstanceDisks(options, new FakeGuests()).FreeBytes());
            Assert.InRange(new InstanceDisks(options with { DiskLoopGb = 1 }, new FakeGuests()).FreeBytes(), 1, Outside);
        }
        finally
        {
            // Lazily: a child that another test just forked may keep them busy for a moment.
            await HostCommand.RunAsync("umount", ["--lazy", "--recursive", outside]);
        }
    }

    [Fact]
    public async Task A_hypervisor_that_likes_raw_disks_best_gets_them_where_files_can_share_their_blocks_and_overlays_elsewhere()
    {
        await using ReflinkMount mount = await ReflinkMount.CreateAsync(_root.FullName);
        // tmpfs cannot.
        DirectoryInfo memory = Directory.CreateDirectory($"/dev/shm/vmpool-formats-{Environment.ProcessId}");
        try
        {
            foreach ((string directory, string format, string[] formats) in new (string, string, string[])[]
            {
                (mount.Path, "raw", ["raw", "qcow2"]),
                (memory.FullName, "qcow2", ["raw", "qcow2"]),
                (mount.Path, "qcow2", ["qcow2", "raw"]),
            })
            {
                string image = Path.Combine(directory, "image.raw");
                File.Copy(_image.DiskPath, image, overwrite: true);

                IReadOnlyList<VmDisk> disks = await DisksIn(directory, formats).CreateAsync(
                    _image with { DiskPath = image }, Path.Combine(directory, $"with-{formats[0]}-first"), User, _identity, CancellationToken.None);

                Assert.Equal(format, disks[0].Format);
            }
        }
        finally
        {
            memory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_disk_that_cannot_be_written_does_not_choose_the_format()
    {
        await using ReflinkMount mount = await ReflinkMount.CreateAsync(_root.FullName);
        await HostCommand.RunAsync("mount", ["-o", "remount,ro", mount.Path]);
        var capabilities = new HypervisorCapabilities("1", "none", IsEmulated: false) { DiskFormats = ["raw", "qcow2"] };

        HostResourceException error = Assert.Throws<HostResourceException>(() => DiskFormat.Choose(capabilities, mount.Path));

        Assert.StartsWith($"cannot try whether files in {mount.Path} can share their blocks: ", error.Message, StringComparison.Ordinal);
        // A clear answer does: memory has files that cannot share their blocks.
        Assert.Equal("qcow2", DiskFormat.Choose(capabilities, "/dev/shm"));
    }

    [Fact]
    public async Task An_image_that_is_gone_is_an_error_that_names_it()
    {
        File.Delete(_image.DiskPath);

        var error = await Assert.ThrowsAsync<HostResourceException>(() => CreateAsync(_identity));

        Assert.Contains(_image.DiskPath, error.Message, StringComparison.Ordinal);
    }

    private static InstanceDisks DisksIn(string directory, params string[] formats) =>
        new(new GroupOptions { DiskDirectory = directory }, new FakeGuests { DiskFormats = formats });

    private Task<IReadOnlyList<VmDisk>> CreateAsync(GuestIdentity identity)
        => _disks.CreateAsync(_image, Machine, User, identity, CancellationToken.None);

    private static async Task<string> ReadAsync(string iso, string path)
        => (await HostCommand.RunAsync("isoinfo", ["-R", "-i", iso, "-x", path])).Output;

    private sealed class NoTemplate : IMachineTemplate
    {
        public Task<IVirtualMachine> CloneAsync(MachineRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
