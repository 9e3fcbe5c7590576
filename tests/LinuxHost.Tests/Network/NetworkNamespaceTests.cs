namespace LinuxHost.Tests.Network;

public sealed class NetworkNamespaceTests
{
    [Fact]
    public async Task A_namespace_lives_from_creation_to_deletion_and_deletion_may_be_repeated()
    {
        string name = TestNamespace.FreshName();
        Assert.False(NetworkNamespace.Exists(name));
        Assert.Null(NetworkNamespace.InodeOf(name));
        await NetworkNamespace.CreateAsync(name);
        try
        {
            Assert.True(NetworkNamespace.Exists(name));
            Assert.Contains(name, NetworkNamespace.List());
            Assert.NotEqual(NetworkNamespace.OwnInode, NetworkNamespace.InodeOf(name));
            await Assert.ThrowsAsync<HostCommandException>(() => NetworkNamespace.CreateAsync(name));
        }
        finally
        {
            await NetworkNamespace.DeleteAsync(name);
        }
        Assert.DoesNotContain(name, NetworkNamespace.List());
        await NetworkNamespace.DeleteAsync(name);
    }

    [Fact]
    public async Task A_creation_killed_halfway_is_seen_and_can_be_deleted()
    {
        await using TestNamespace makesTheDirectory = await TestNamespace.CreateAsync();
        string name = TestNamespace.FreshName();
        await File.WriteAllTextAsync(NetworkNamespace.PathOf(name), "");
        Assert.True(NetworkNamespace.Exists(name));
        Assert.Null(NetworkNamespace.InodeOf(name));
        await NetworkNamespace.DeleteAsync(name);
        Assert.False(NetworkNamespace.Exists(name));
    }

    [Fact]
    public async Task A_process_inside_is_found_by_the_namespace_inode()
    {
        await using TestNamespace space = await TestNamespace.CreateAsync();
        ChildProcess child = Spawn.Start(new SpawnRequest
        {
            Program = "ip",
            Arguments = ["netns", "exec", space.Name, "sleep", "300"],
            OutputPath = "/dev/null",
        });
        ulong inode = NetworkNamespace.InodeOf(space.Name)!.Value;
        await Eventually.TrueAsync(() => ProcessTable.NetworkNamespaceOf(child.Identity.Pid) == inode, "the child entered the namespace");
        Assert.Equal([child.Identity], ProcessTable.FindInNetworkNamespace(inode));
        child.Kill();
        await child.Exited.WaitAsync(Eventually.Deadline);
        Assert.Empty(ProcessTable.FindInNetworkNamespace(inode));
    }

    [Fact]
    public async Task Code_run_inside_sees_and_sets_the_settings_of_that_namespace_only()
    {
        await using TestNamespace space = await TestNamespace.CreateAsync();
        string? outside = Sysctl.Read("net.ipv4.ip_forward");
        string changed = outside == "1" ? "0" : "1";
        string? inside = await NetworkNamespace.RunInsideAsync(space.Name, () =>
        {
            Sysctl.Write("net.ipv4.ip_forward", changed);
            return Sysctl.Read("net.ipv4.ip_forward");
        });
        Assert.Equal(changed, inside);
        Assert.Equal(outside, Sysctl.Read("net.ipv4.ip_forward"));
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => NetworkNamespace.RunInsideAsync<int>(space.Name, () => throw new InvalidOperationException("mine")));
    }

    [Fact]
    public async Task Who_awaited_code_run_inside_goes_on_outside()
    {
        await using TestNamespace space = await TestNamespace.CreateAsync();
        using var begin = new ManualResetEventSlim();
        Task<(string Inside, string After)> places = RunAndLookAsync(space.Name, begin);
        // It is not done before it is awaited.
        begin.Set();
        (string inside, string after) = await places;
        Assert.NotEqual(OwnNamespace(), inside);
        Assert.Equal(OwnNamespace(), after);
    }

    private static async Task<(string Inside, string After)> RunAndLookAsync(string name, ManualResetEventSlim begin)
    {
        string inside = await NetworkNamespace.RunInsideAsync(name, () => begin.Wait(Eventually.Deadline) ? OwnNamespace() : "nobody let it begin").ConfigureAwait(false);
        return (inside, OwnNamespace());
    }

    private static string OwnNamespace() => new FileInfo("/proc/thread-self/ns/net").LinkTarget!;

    [Fact]
    public async Task Entering_a_missing_namespace_names_it()
    {
        HostResourceException error = await Assert.ThrowsAsync<HostResourceException>(
            () => NetworkNamespace.RunInsideAsync("lhtest-missing", () => 0));
        Assert.Contains("lhtest-missing: No such file", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("-all")]
    public void A_name_that_is_a_path_or_an_option_is_refused(string name) =>
        Assert.Throws<ArgumentException>(() => NetworkNamespace.Exists(name));
}
