using System.Globalization;
using System.Net.Sockets;
using HostLeakCheck;
using LinuxHost.Tests.Network;

namespace LinuxHost.Tests.LeakCheck;

/// <summary>
/// Other tests change the host at the same time, so these look for the lines of what they made themselves; every one
/// of them asserts that the line comes with the leak and goes with it.
/// </summary>
public sealed class HostSnapshotTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_namespace_its_mount_and_the_process_in_it_are_leaks_until_they_are_gone()
    {
        HostSnapshot before = await HostSnapshot.TakeAsync();
        string name;
        await using (TestNamespace space = await TestNamespace.CreateAsync())
        {
            name = space.Name;
            ChildProcess child = Spawn.Start(new SpawnRequest
            {
                Program = "ip",
                Arguments = ["netns", "exec", space.Name, "sleep", "12345"],
                OutputPath = "/dev/null",
            });
            ulong inode = NetworkNamespace.InodeOf(space.Name)!.Value;
            // `ip` enters the namespace a moment before it becomes the program.
            await Eventually.TrueAsync(
                () => File.ReadAllText($"/proc/{child.Identity.Pid}/cmdline").StartsWith("sleep", StringComparison.Ordinal), "the child runs");
            IReadOnlyList<string> differences = HostSnapshot.Compare(before, await HostSnapshot.TakeAsync());
            Assert.Contains($"+ namespace {space.Name} ({inode})", differences);
            Assert.Contains(differences, line => line.StartsWith($"+ mount /run/netns/{space.Name} (nsfs", StringComparison.Ordinal));
            Assert.Contains(differences, line => line.StartsWith($"+ process {child.Identity.Pid} ", StringComparison.Ordinal)
                && line.EndsWith($"in namespace {space.Name} ({inode}): sleep 12345", StringComparison.Ordinal));

            HostSnapshot ignoring = await HostSnapshot.TakeAsync(new SnapshotScope { IgnoredNamespaces = [space.Name] });
            Assert.DoesNotContain(ignoring.Lines, line => line.Contains(space.Name, StringComparison.Ordinal));
            child.Kill();
            await child.Exited.WaitAsync(Eventually.Deadline);
        }
        Assert.DoesNotContain(HostSnapshot.Compare(before, await HostSnapshot.TakeAsync()),
            line => line.Contains($" {name} ", StringComparison.Ordinal) || line.Contains($"/{name} ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Links_addresses_routes_and_rules_of_a_named_namespace_are_compared()
    {
        await using TestNamespace space = await TestNamespace.CreateAsync();
        var scope = new SnapshotScope { Namespaces = [space.Name] };
        HostSnapshot before = await HostSnapshot.TakeAsync(scope);
        await Ip.BatchAsync(["link add ext0 type veth peer name ext1", "link set ext0 up alias \"group one\"", "addr add 192.0.2.1/30 dev ext0"], space.Name);
        await Nft.ApplyAsync("table inet lhtest { chain c { counter accept; }\n}", space.Name);
        IReadOnlyList<string> differences = await OursAsync();
        Assert.Contains(differences, line => line.StartsWith($"+ link ext0 in namespace {space.Name} (index ", StringComparison.Ordinal)
            && line.Contains("veth", StringComparison.Ordinal) && line.EndsWith("group one", StringComparison.Ordinal));
        Assert.Contains($"+ address 192.0.2.1/30 on ext0 in namespace {space.Name}", differences);
        Assert.Contains(differences, line => line.StartsWith("+ route local inet 192.0.2.1", StringComparison.Ordinal));
        Assert.Contains($"+ nftables in namespace {space.Name}: table inet lhtest > chain c > counter accept", differences);

        await Ip.BatchAsync(["link del ext0"], space.Name);
        await Nft.DeleteTableAsync("inet", "lhtest", space.Name);
        Assert.Empty(await OursAsync());

        async Task<string[]> OursAsync() =>
            [.. HostSnapshot.Compare(before, await HostSnapshot.TakeAsync(scope)).Where(line => line.Contains($"in namespace {space.Name}", StringComparison.Ordinal))];
    }

    [Fact]
    public async Task A_marked_process_of_the_hosts_namespace_counts_and_others_do_not()
    {
        string marker = _directory.File("state");
        await File.WriteAllTextAsync(marker, "");
        var scope = new SnapshotScope { Markers = [marker] };
        ChildProcess marked = Spawn.Start(new SpawnRequest { Program = "tail", Arguments = ["-f", marker], OutputPath = "/dev/null" });
        ChildProcess other = Spawn.Start(new SpawnRequest { Program = "sleep", Arguments = ["300"], OutputPath = "/dev/null" });
        HostSnapshot with = await HostSnapshot.TakeAsync(scope);
        marked.Kill();
        other.Kill();
        await Task.WhenAll(marked.Exited, other.Exited).WaitAsync(Eventually.Deadline);
        Assert.Contains(with.Lines, line => line.StartsWith($"process {marked.Identity.Pid} ", StringComparison.Ordinal));
        Assert.DoesNotContain(with.Lines, line => line.StartsWith($"process {other.Identity.Pid} ", StringComparison.Ordinal));
        Assert.DoesNotContain(with.Lines, line => line.StartsWith($"process {Environment.ProcessId} ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Files_sockets_mounts_and_loop_devices_are_compared()
    {
        var scope = new SnapshotScope { Directories = [_directory.Path] };
        HostSnapshot before = await HostSnapshot.TakeAsync(scope);
        Directory.CreateDirectory(_directory.File("sub"));
        await File.WriteAllTextAsync(_directory.File("sub/file"), "");
        await File.WriteAllBytesAsync(_directory.File("image"), new byte[1 << 20]);
        string loop = (await HostCommand.RunAsync("losetup", ["--find", "--show", _directory.File("image")])).Output.Trim();
        await HostCommand.RunAsync("mount", ["-t", "tmpfs", "lhtest", _directory.File("sub")]);
        IReadOnlyList<string> differences;
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(_directory.File("socket")));
            differences = await OursAsync();
        }
        await HostCommand.RunAsync("umount", [_directory.File("sub")]);
        await HostCommand.RunAsync("losetup", ["--detach", loop]);
        Assert.Contains($"+ file {_directory.File("image")}", differences);
        Assert.Contains($"+ file {_directory.File("sub")}/", differences);
        Assert.Contains($"+ unix socket {_directory.File("socket")}", differences);
        Assert.Contains(differences, line => line.StartsWith($"+ mount {_directory.File("sub")} (tmpfs lhtest/, rw", StringComparison.Ordinal));
        Assert.Contains(differences, line => line.StartsWith($"+ loop device {loop} ", StringComparison.Ordinal));

        Assert.Contains($"+ file {_directory.File("sub/file")}", await OursAsync());
        Directory.Delete(_directory.File("sub"), recursive: true);
        File.Delete(_directory.File("image"));
        File.Delete(_directory.File("socket"));
        await Eventually.TrueAsync(() => OursAsync().GetAwaiter().GetResult().Length == 0, "all differences are gone");

        async Task<string[]> OursAsync() =>
            [.. HostSnapshot.Compare(before, await HostSnapshot.TakeAsync(scope)).Where(line => line.Contains(_directory.Path, StringComparison.Ordinal))];
    }

    [Fact]
    public async Task A_cgroup_is_compared()
    {
        string name = $"lhtest-leak-{Environment.ProcessId}";
        HostSnapshot before = await HostSnapshot.TakeAsync();
        Cgroup2 group = Cgroup2.FindDelegated()!.CreateChild(name);
        HostSnapshot after = await HostSnapshot.TakeAsync();
        group.Remove();
        Assert.Contains($"+ cgroup {group.Path}", HostSnapshot.Compare(before, after));
    }

    [Fact]
    public void What_is_gone_and_what_occurs_more_often_is_a_difference_too()
    {
        HostSnapshot before = Snapshot("mount /a", "mount /b", "same");
        HostSnapshot after = Snapshot("mount /a", "mount /a", "mount /a", "same");
        Assert.Equal(["+ mount /a (2 times)", "- mount /b"], HostSnapshot.Compare(before, after));
        Assert.Empty(HostSnapshot.Compare(after, after));
    }

    [Fact]
    public async Task The_command_line_tells_equality_and_difference_by_exit_code_and_names_the_leak()
    {
        string file = _directory.File("before.json");
        // The private mount and network namespaces keep what other tests do at this time out of the comparison,
        // the ignored prefix their named namespaces.
        string[] inside = ["--mount", "--net", "dotnet", typeof(HostSnapshot).Assembly.Location];
        await HostCommand.RunAsync("unshare", [.. inside, "snapshot", file, "--dir", _directory.Path, "--ignore-netns", "lhtest-"]);
        string leak = _directory.File("leak");
        await File.WriteAllTextAsync(leak, "");
        HostCommandResult different = await HostCommand.RunAsync(
            "unshare", [.. inside, "compare", file, "--settle", "0"], new HostCommandOptions { AcceptedExitCodes = [1] });
        Assert.Contains($"+ file {leak}\n", different.Output, StringComparison.Ordinal);
        Assert.Matches("leak check: [0-9]+ differences\n$", different.Output);

        HostCommandResult usage = await HostCommand.RunAsync("dotnet", [inside[3], "compare"], new HostCommandOptions { AcceptedExitCodes = [2] });
        Assert.Contains("hostleak snapshot FILE", usage.Error, StringComparison.Ordinal);
        HostCommandResult missing = await HostCommand.RunAsync(
            "dotnet", [inside[3], "compare", _directory.File("none")], new HostCommandOptions { AcceptedExitCodes = [2] });
        Assert.Contains("none", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snapshot_survives_its_file()
    {
        HostSnapshot before = await HostSnapshot.TakeAsync(new SnapshotScope { Directories = [_directory.Path], Markers = ["x"] });
        string file = _directory.File(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}.json"));
        before.Save(file);
        HostSnapshot loaded = HostSnapshot.Load(file);
        Assert.Empty(HostSnapshot.Compare(before, loaded));
        Assert.Equal(before.Scope.Directories, loaded.Scope.Directories);
        Assert.Equal(before.Scope.Markers, loaded.Scope.Markers);
        await File.WriteAllTextAsync(file, "no json");
        Assert.Throws<InvalidDataException>(() => HostSnapshot.Load(file));
    }

    private static HostSnapshot Snapshot(params string[] lines) => new() { Scope = new SnapshotScope(), Lines = lines };
}
