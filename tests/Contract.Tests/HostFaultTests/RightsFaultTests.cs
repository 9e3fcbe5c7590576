namespace Contract.Tests.HostFaultTests;

/// <summary>Users, capabilities and containers in which no virtual machine can be started.</summary>
[Collection(SharedGoHost.Name)]
public sealed class RightsFaultTests(GoHost go) : IAsyncLifetime
{
    private PlayedHost _host = null!;

    public async Task InitializeAsync() => _host = await PlayedHost.CreateAsync(go);

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Fact]
    public async Task Another_user_than_root_is_told_so()
    {
        InitAnswer answer = await _host.InitAsync(wrapper: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
        answer.AssertRefused("this process is not root", "run gitlab-runner (or this command) as root", "state_directory cannot be used: ", PlayedHost.State);
    }

    [Theory]
    [InlineData("sys_admin")]
    [InlineData("net_admin")]
    [InlineData("mknod")]
    [InlineData("setpcap")]
    public async Task A_missing_capability_is_named(string capability) =>
        (await _host.InitAsync(wrapper: ["setpriv", $"--bounding-set=-{capability}", "--"]))
            .AssertRefusedOnlyFor($"this process lacks CAP_{capability.ToUpperInvariant()} (an unprivileged container?)");

    [Fact]
    public async Task A_rootless_container_is_recognised() =>
        (await _host.InitAsync(wrapper: ["unshare", "--user", "--map-root-user", "--"]))
            .AssertRefusedOnlyFor("this process runs in a user namespace (a rootless container?)");

    [Fact]
    public async Task A_container_without_the_tun_device_is_told_to_pass_it_in()
    {
        await _host.RunAsync("mount", "-t", "tmpfs", "none", "/dev/net");
        (await _host.InitAsync()).AssertRefusedOnlyFor("/dev/net/tun is missing", "modprobe tun", "in a container pass the device in");
    }

    [Fact]
    public async Task A_tun_device_that_may_not_be_opened_is_found_by_a_trial()
    {
        await _host.RunAsync("mount", "-t", "tmpfs", "-o", "nodev", "none", "/dev/net");
        await _host.RunAsync("mknod", "/dev/net/tun", "c", "10", "200");
        (await _host.InitAsync()).AssertRefusedOnlyFor("this host does not let us make a TAP device", "may this container use it?");
    }

    [Fact]
    public async Task A_container_that_may_not_make_namespaces_is_told_so()
    {
        await _host.RunAsync("mount", "--bind", "-o", "ro", "/run/netns", "/run/netns");
        (await _host.InitAsync()).AssertRefusedOnlyFor("this host does not let us make network namespaces (inside a container without rights?)", "Read-only file system");
    }
}
