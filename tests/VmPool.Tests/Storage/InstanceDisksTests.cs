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
        _disks = Disks("qcow2", "raw");
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
            string disk = Path.Combine(memory.FullName, "disk.raw");
            File.Copy(_image.DiskPath, disk);
            string machine = Path.Combine(memory.FullName, "ci-42");

            var error = await Assert.ThrowsAsync<HostRequirementException>(
                () => Disks("raw").CreateAsync(_image with { DiskPath = disk }, machine, User, _identity, CancellationToken.None));

            Assert.Equal($"{disk} cannot share its blocks with {machine}/disk.raw, which this hypervisor's disks must: "
                + "put vm_disk_directory on btrfs or on XFS (reflink=1, its default), or set vm_disk_loop_gb, or hypervisor = \"qemu\"", error.Message);
            Assert.StartsWith($"files in {memory.FullName} cannot share their blocks, ", RawDisks.Fault(memory.FullName), StringComparison.Ordinal);
            Assert.Equal(["ci-42", "disk.raw"], memory.EnumerateFileSystemInfos().Select(entry => entry.Name).Order());
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
        InstanceDisks disks = Disks("raw");
        Assert.Null(RawDisks.Fault(mount.Path));

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
    public async Task An_image_that_is_gone_is_an_error_that_names_it()
    {
        File.Delete(_image.DiskPath);

        var error = await Assert.ThrowsAsync<HostResourceException>(() => CreateAsync(_identity));

        Assert.Contains(_image.DiskPath, error.Message, StringComparison.Ordinal);
    }

    private InstanceDisks Disks(params string[] formats) =>
        new(new GroupOptions { DiskDirectory = _root.FullName }, new FakeGuests { DiskFormats = formats });

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
