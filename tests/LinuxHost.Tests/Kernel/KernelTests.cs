namespace LinuxHost.Tests.Kernel;

public sealed class KernelTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Missing_capabilities_are_named()
    {
        // CAP_NET_ADMIN is bit 12, CAP_SYS_ADMIN bit 21.
        string status = "Name:\tx\nUid:\t0\t0\t0\t0\nCapEff:\t0000000000201000\n";
        Assert.Empty(Capabilities.MissingIn(status, [Capability.NetAdmin, Capability.SysAdmin]));
        Assert.Equal(["CAP_MKNOD", "CAP_CHOWN"], Capabilities.MissingIn(status, [Capability.Mknod, Capability.NetAdmin, Capability.Chown]));
    }

    [Theory]
    [InlineData("         0          0 4294967295\n", true)]
    [InlineData("         0       1000          1\n", false)]
    [InlineData("         0       1000          1\n         1     100000      65536\n", false)]
    [InlineData("", false)]
    public void Only_the_machines_own_user_namespace_maps_everybody_to_himself(string map, bool whole) =>
        Assert.Equal(whole, Capabilities.IsWholeMap(map));

    [Theory]
    [InlineData("kvm_intel", "N\n", "kvm_intel/parameters/nested is N; allow it: echo options kvm_intel nested=1 ")]
    [InlineData("kvm_amd", "0\n", "kvm_amd/parameters/nested is 0; allow it: echo options kvm_amd nested=1 ")]
    [InlineData("kvm_intel", "Y\n", null)]
    [InlineData("kvm_amd", "1\n", null)]
    [InlineData("other", "0\n", null)]
    public void A_kvm_module_that_allows_no_nesting_is_told_with_the_way_out(string module, string value, string? expected)
    {
        string parameters = Path.Combine(_directory.Path, module, "parameters");
        Directory.CreateDirectory(parameters);
        File.WriteAllText(Path.Combine(parameters, "nested"), value);

        string? fault = KvmDevice.NestedFault(_directory.Path);

        if (expected is null)
        {
            Assert.Null(fault);
        }
        else
        {
            Assert.Contains(expected, fault, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void These_tests_run_as_root_with_the_rights_they_need()
    {
        Assert.True(Capabilities.IsRoot, "run the tests as root");
        Assert.Empty(Capabilities.Missing(Capability.NetAdmin, Capability.SysAdmin, Capability.Mknod));
    }

    [Fact]
    public void A_setting_is_read_and_an_unknown_one_is_absent()
    {
        Assert.Equal(ProcessTable.BootId, Sysctl.Read("kernel.random.boot_id"));
        Assert.Equal(Sysctl.Read("net.ipv4.conf.lo.forwarding"), Sysctl.Read("net/ipv4/conf/lo/forwarding"));
        Assert.Null(Sysctl.Read("net.ipv4.no_such_setting"));
    }

    [Fact]
    public void A_setting_that_cannot_be_written_is_named_with_the_value()
    {
        Assert.Contains("net.ipv4.no_such_setting to 1", Assert.Throws<HostResourceException>(
            () => Sysctl.Write("net.ipv4.no_such_setting", "1")).Message, StringComparison.Ordinal);
        Assert.Throws<HostResourceException>(() => Sysctl.Write("kernel.random.boot_id", "1"));
    }

    [Fact]
    public void Mounts_are_parsed_with_optional_fields_and_escapes()
    {
        MountEntry entry = Assert.Single(MountTable.Parse(
            [@"43 42 0:4 net:[4026532177] /run/a\040b rw,relatime shared:2 master:1 - nsfs no\134se rw"]));
        Assert.Equal(new MountEntry(43, 42, "net:[4026532177]", "/run/a b", "rw,relatime", "nsfs", @"no\se"), entry);
    }

    [Fact]
    public async Task A_mount_appears_and_disappears()
    {
        string path = _directory.File("with space");
        Directory.CreateDirectory(path);
        await HostCommand.RunAsync("mount", ["-t", "tmpfs", "lhtest", path]);
        MountEntry? found = MountTable.Read().SingleOrDefault(mount => mount.MountPoint == path);
        await HostCommand.RunAsync("umount", [path]);
        Assert.Equal(("tmpfs", "lhtest"), (found?.FileSystem, found?.Source));
        Assert.DoesNotContain(MountTable.Read(), mount => mount.MountPoint == path);
    }

    [Fact]
    public async Task A_cgroup_takes_a_process_and_is_removed_when_empty()
    {
        Cgroup2? own = Cgroup2.FindDelegated();
        Assert.True(own is not null, "this test needs a writable cgroup v2, mounted anywhere");
        Cgroup2 group = own.CreateChild($"lhtest-{Environment.ProcessId}");
        ChildProcess child = Spawn.Start(new SpawnRequest { Program = "sleep", Arguments = ["300"], OutputPath = "/dev/null" });
        try
        {
            group.MoveIn(child.Identity.Pid);
            Assert.Equal([child.Identity.Pid], group.Pids);
            Assert.Throws<HostResourceException>(group.Remove);
        }
        finally
        {
            child.Kill();
            await child.Exited.WaitAsync(Eventually.Deadline);
            group.Remove();
        }
        group.Remove();
        Assert.False(Directory.Exists(group.Path));
    }

    [Fact]
    public void Memory_is_read_in_bytes()
    {
        Assert.Equal(2048, HostMemory.Field(["MemTotal:       9 kB", "MemAvailable:       2 kB"], "MemAvailable"));
        Assert.InRange(HostMemory.AvailableBytes, 1L << 20, HostMemory.TotalBytes);
        Assert.Throws<HostResourceException>(() => HostMemory.Field([], "MemTotal"));
    }
}
