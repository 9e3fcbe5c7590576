using LinuxHost;
using VmPool.Networking;

namespace VmPool.Tests.Networking;

/// <summary>Real slots in a namespace that plays the host; needs root, iproute2, nftables and /dev/net/tun.</summary>
public sealed class SlotNetworkTests(TestHost host) : IClassFixture<TestHost>, IAsyncLifetime
{
    private const string Refused = "ConnectionRefused";

    public Task InitializeAsync() => Task.CompletedTask;

    // The host has eight slots, fewer than all tests together take.
    public Task DisposeAsync() => host.DriveAsync("release-all");

    [Fact]
    public async Task A_guest_reaches_the_internet_in_both_families_from_the_hosts_own_address()
    {
        SlotPlan slot = await host.AcquireAsync("out-1");
        string guest = await host.PlugGuestAsync(slot);

        string[] seen = await TestHost.ProbeAsync(guest, "tcp:192.0.2.1:80", "udp:192.0.2.1:80", "tcp:[2001:db8::1]:80", "udp:[2001:db8::1]:80");

        Assert.Equal(["192.0.2.2", "192.0.2.2", "2001:db8::2", "2001:db8::2"], seen);
    }

    [Fact]
    public async Task Questions_to_the_gateway_reach_the_resolver_by_udp_and_tcp()
    {
        SlotPlan slot = await host.AcquireAsync("dns-1");
        string guest = await host.PlugGuestAsync(slot);

        string[] seen = await TestHost.ProbeAsync(guest,
            "udp:10.255.255.1:53", "tcp:10.255.255.1:53", "udp:[fd76:6d70:6f6f:6c00::1]:53", "tcp:[fd76:6d70:6f6f:6c00::1]:53");

        Assert.Equal(["192.0.2.2", "192.0.2.2", "2001:db8::2", "2001:db8::2"], seen);
    }

    [Fact]
    public async Task What_is_not_the_internet_is_refused_at_once()
    {
        SlotPlan slot = await host.AcquireAsync("policy-1");
        SlotPlan other = await host.AcquireAsync("policy-2");
        string guest = await host.PlugGuestAsync(slot);
        await host.PlugGuestAsync(other);

        string[] tcp = await TestHost.ProbeAsync(guest, [.. new[]
        {
            "192.168.77.1:80", "10.9.9.9:80", "172.16.0.1:80", "100.64.0.1:80", "169.254.169.254:80", "127.0.0.1:5000", "10.255.255.1:5000",
            "192.0.2.2:5000", $"{slot.HostAddress}:5000", $"{other.HostAddress}:5000", $"{other.Address}:22",
            "[fd00:ec2::254]:80", "[2001:db8::2]:5000", $"[{other.Address6}]:22", "[64:ff9b::10.0.0.1]:80",
        }.Select(target => $"tcp:{target}")]);
        string[] udp = await TestHost.ProbeAsync(guest, "udp:192.168.77.1:80", "udp:192.0.2.2:5000", "udp:10.255.255.1:5000");

        Assert.All(tcp, answer => Assert.Equal(Refused, answer));
        Assert.All(udp, answer => Assert.Contains(answer, new[] { "HostUnreachable", "NetworkUnreachable", Refused }));
    }

    [Fact]
    public async Task Listed_private_destinations_and_host_ports_are_reachable()
    {
        SlotPlan slot = await host.AcquireAsync("allow-1", "allow=192.168.77.1/32:80,host:5000");
        string guest = await host.PlugGuestAsync(slot);
        SlotPlan wide = await host.AcquireAsync("allow-2", "allow=192.168.0.0/16");
        string wideGuest = await host.PlugGuestAsync(wide);
        await Ip.BatchAsync(["route replace 192.168.77.1/32 via 192.0.2.1"], host.HostNamespace);

        string[] seen = await TestHost.ProbeAsync(guest,
            "tcp:192.168.77.1:80", "udp:192.168.77.1:80", "tcp:192.168.77.1:81", "tcp:10.255.255.1:5000", "tcp:192.0.2.2:5000", "tcp:10.255.255.1:5001", "tcp:192.0.2.2:5001");
        string[] seenWide = await TestHost.ProbeAsync(wideGuest, "tcp:192.168.77.1:80", "tcp:192.168.77.1:81", "tcp:10.255.255.1:5000");

        Assert.Equal(["192.0.2.2", "192.0.2.2", Refused, slot.Address.ToString(), slot.Address.ToString(), Refused, Refused], seen);
        Assert.Equal(["192.0.2.2", "192.0.2.2", Refused], seenWide);
    }

    [Fact]
    public async Task The_host_reaches_the_guests_ssh_port_and_the_guest_sees_only_its_gateway()
    {
        SlotPlan slot = await host.AcquireAsync("in-1");
        string guest = await host.PlugGuestAsync(slot);

        string[] seen = await TestHost.ProbeAsync(host.HostNamespace, $"tcp:{slot.Address}:22", $"tcp:[{slot.Address6}]:22", $"tcp:{slot.Address}:8080");
        string[] fromOutside = await TestHost.ProbeAsync(host.InternetNamespace, $"tcp:{slot.Address}:22");

        Assert.Equal(["10.255.255.1", "fd76:6d70:6f6f:6c00::1", Refused], seen);
        Assert.Equal([Refused], fromOutside);
        Assert.NotEmpty(guest);
    }

    [Fact]
    public async Task Another_ssh_port_is_reached_too_and_22_stays()
    {
        SlotPlan slot = await host.AcquireAsync("port-1", "ssh=8080");
        await host.PlugGuestAsync(slot);

        string[] seen = await TestHost.ProbeAsync(host.HostNamespace, $"tcp:{slot.Address}:22", $"tcp:{slot.Address}:8080");

        Assert.Equal(["10.255.255.1", "10.255.255.1"], seen);
    }

    [Fact]
    public async Task One_guest_cannot_fill_the_hosts_connection_table_and_another_one_is_not_hindered()
    {
        SlotPlan slot = await host.AcquireAsync("flood-1");
        string guest = await host.PlugGuestAsync(slot);
        SlotPlan other = await host.AcquireAsync("flood-2");
        string otherGuest = await host.PlugGuestAsync(other);
        Assert.Contains($"ct count over {SlotRules.MaxFlows} goto refuse", await Nft.ListRulesetAsync(slot.Namespace), StringComparison.Ordinal);

        // With the limit lowered in the living rules, so that a few flows reach it.
        await Nft.ApplyAsync($"insert rule {SlotRules.Table} outbound ct state new ct status & confirmed == 0 ct count over 50 goto refuse\n", slot.Namespace);
        ChildProcess flood = await host.StartAsync(guest, "flood", "target=192.0.2.9", "flows=200");
        Assert.Equal(0, await flood.Exited.WaitAsync(TimeSpan.FromSeconds(60)));

        Assert.Equal([Refused], await TestHost.ProbeAsync(guest, "tcp:192.0.2.1:80"));
        Assert.Equal(["192.0.2.2"], await TestHost.ProbeAsync(otherGuest, "tcp:192.0.2.1:80"));
    }

    [Fact]
    public async Task A_guest_cannot_use_another_source_address()
    {
        SlotPlan slot = await host.AcquireAsync("spoof-1");
        string guest = await host.PlugGuestAsync(slot);
        await Ip.BatchAsync(["address add 198.51.100.9/32 dev card", "route replace default via 10.255.255.1 src 198.51.100.9"], guest);

        // Silence alone would prove nothing: the answer would not find its way back either.
        await Nft.ApplyAsync("table ip seen {\n chain input {\n type filter hook input priority 0;\n ip saddr 198.51.100.9 counter\n }\n}\n", host.InternetNamespace);

        await TestHost.ProbeAsync(guest, "udp:192.0.2.1:80");

        string arrived = await Nft.ListRulesetAsync(host.InternetNamespace);
        await Nft.DeleteTableAsync("ip", "seen", host.InternetNamespace);
        Assert.Contains("ip saddr 198.51.100.9 counter packets 0", arrived, StringComparison.Ordinal);
    }
}
