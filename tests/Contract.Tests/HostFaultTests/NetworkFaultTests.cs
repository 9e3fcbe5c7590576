namespace Contract.Tests.HostFaultTests;

/// <summary>Addresses, routes, resolvers, forwarding and foreign firewalls that speak against a group's network.</summary>
[Collection(SharedGoHost.Name)]
public sealed class NetworkFaultTests(GoHost go) : IAsyncLifetime
{
    private PlayedHost _host = null!;

    public async Task InitializeAsync() => _host = await PlayedHost.CreateAsync(go);

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Fact]
    public async Task A_healthy_host_with_a_wider_route_over_the_subnet_is_accepted_without_a_warning()
    {
        await _host.IpAsync("route add 10.0.0.0/8 via 192.0.2.1");

        InitAnswer answer = await _host.InitAsync();

        answer.AssertAccepted();
        Assert.Empty(answer.Warnings);
    }

    [Theory]
    [InlineData("address add 10.210.3.4/32 dev eth0", "vm_subnet 10.210.0.0/20 contains 10.210.3.4, an address of this host's interface eth0")]
    [InlineData("route add 10.210.0.0/20 via 192.0.2.1", "a route to 10.210.0.0/20 by eth0 inside vm_subnet 10.210.0.0/20")]
    [InlineData("route add 10.210.5.0/24 via 192.0.2.1", "a route to 10.210.5.0/24 by eth0 inside vm_subnet 10.210.0.0/20")]
    public async Task What_the_host_uses_inside_the_subnet_is_named(string line, string expected)
    {
        await _host.IpAsync(line);
        (await _host.InitAsync()).AssertRefusedOnlyFor(expected, "choose a free subnet");
    }

    [Fact]
    public async Task An_egress_interface_that_does_not_exist_is_refused_with_those_that_do() =>
        (await _host.InitAsync(new() { ["egress_interface"] = "eth9" }))
            .AssertRefusedOnlyFor("egress_interface \"eth9\" does not exist; this host has: ", "eth0", "far0");

    [Fact]
    public async Task Without_a_default_route_the_egress_interface_must_be_named_and_then_serves()
    {
        await _host.IpAsync("route delete default");

        (await _host.InitAsync()).AssertRefusedOnlyFor("no IPv4 default route", "egress_interface", "eth0");
        (await _host.InitAsync(new() { ["egress_interface"] = "eth0" })).AssertAccepted();
    }

    [Fact]
    public async Task Resolvers_on_loopback_alone_need_network_dns()
    {
        await _host.SetResolversAsync("127.0.0.1", "::1");

        (await _host.InitAsync()).AssertRefusedOnlyFor("/etc/resolv.conf", "loopback", "set network.dns");
        (await _host.InitAsync(new() { ["network.dns"] = new[] { "192.0.2.53" } })).AssertAccepted();
    }

    [Fact]
    public async Task Forwarding_that_is_off_and_not_ours_to_set_is_refused()
    {
        var hands_off = new Dictionary<string, object> { ["network.manage_sysctl"] = false };
        await _host.WriteAsync("/proc/sys/net/ipv4/conf/eth0/forwarding", "0");

        (await _host.InitAsync(hands_off)).AssertRefusedOnlyFor("forwarding is off on eth0", "network.manage_sysctl", "net.ipv4.ip_forward=1");
        await _host.WriteAsync("/proc/sys/net/ipv4/ip_forward", "1");
        (await _host.InitAsync(hands_off)).AssertAccepted();
    }

    [Fact]
    public async Task Several_faults_are_told_in_one_error()
    {
        await _host.IpAsync("route add 10.210.5.0/24 via 192.0.2.1");
        await _host.SetResolversAsync("127.0.0.1");
        (await _host.InitAsync(new() { ["egress_interface"] = "eth9" }))
            .AssertRefused("for 3 reasons: (1) ", "(3) ", "10.210.5.0/24", "network.dns", "\"eth9\" does not exist");
    }

    [Fact]
    public async Task A_foreign_chain_that_drops_forwarded_packets_is_named_in_one_warning_with_the_lines_to_add()
    {
        await _host.NftAsync("table inet site {\n chain fw { type filter hook forward priority 0; policy drop; }\n chain in { type filter hook input priority 0; }\n}\n");

        InitAnswer answer = await _host.InitAsync();

        answer.AssertAccepted();
        string warning = Assert.Single(answer.Warnings);
        Assert.Contains("chain \"inet site fw\" drops forwarded packets", warning, StringComparison.Ordinal);
        Assert.Contains("nft insert rule inet site fw iifname \"vmp*\" accept", warning, StringComparison.Ordinal);
    }
}
