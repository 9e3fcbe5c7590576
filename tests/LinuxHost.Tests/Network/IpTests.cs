using Microsoft.Win32.SafeHandles;

namespace LinuxHost.Tests.Network;

public sealed class IpTests
{
    [Fact]
    public async Task A_batch_sets_up_devices_addresses_and_routes_that_can_be_read_back()
    {
        await using TestNamespace space = await TestNamespace.CreateAsync();
        await Ip.BatchAsync(
        [
            "link set lo up",
            "link add ext0 type veth peer name ext1",
            "link set ext0 up address 52:54:00:00:00:aa mtu 1400 alias \"group one\"",
            "link set ext1 up",
            "addr add 192.0.2.1/30 dev ext0",
            "addr add 2001:db8::1/64 dev ext0 nodad",
            "route add default via 192.0.2.2",
        ], space.Name);

        IpLink link = Assert.Single(await Ip.LinksAsync(space.Name), link => link.Name == "ext0");
        Assert.Equal(("52:54:00:00:00:aa", 1400, "veth", "group one", true), (link.MacAddress, link.Mtu, link.Kind, link.Alias, link.IsUp));

        IReadOnlyList<IpAddress> addresses = await Ip.AddressesAsync(space.Name);
        Assert.Contains(new IpAddress("ext0", "192.0.2.1", 30, "inet", "global"), addresses);
        Assert.Contains(new IpAddress("ext0", "2001:db8::1", 64, "inet6", "global"), addresses);

        IReadOnlyList<IpRoute> routes = await Ip.RoutesAsync(space.Name);
        IpRoute standard = Assert.Single(routes, route => route.IsDefault);
        Assert.Equal(("192.0.2.2", "ext0", "inet"), (standard.Gateway, standard.InterfaceName, standard.Family));
        Assert.Contains(routes, route => route is { Destination: "2001:db8::/64", InterfaceName: "ext0", Family: "inet6" });
        Assert.Contains(routes, route => route is { Destination: "192.0.2.1", Table: "local", Type: "local" });
    }

    [Fact]
    public async Task A_failing_batch_stops_at_the_line_and_shows_it()
    {
        await using TestNamespace space = await TestNamespace.CreateAsync();
        HostResourceException error = await Assert.ThrowsAsync<HostResourceException>(() => Ip.BatchAsync(
            ["link set lo up", "link set nosuch0 up", "link add ext0 type veth peer name ext1"], space.Name));
        Assert.Equal($"`ip link set nosuch0 up` (line 2 of 3, namespace {space.Name}) failed: Cannot find device \"nosuch0\"", error.Message);
        Assert.Equal("lo", Assert.Single(await Ip.LinksAsync(space.Name)).Name);
    }

    [Fact]
    public async Task An_empty_namespace_has_no_routes_and_no_addresses()
    {
        await using TestNamespace space = await TestNamespace.CreateAsync();
        Assert.Empty(await Ip.RoutesAsync(space.Name));
        Assert.Empty(await Ip.AddressesAsync(space.Name));
    }

    [Fact]
    public async Task A_line_break_inside_a_line_is_refused() =>
        await Assert.ThrowsAsync<ArgumentException>(() => Ip.BatchAsync(["link set lo up\nlink del eth0"]));

    [Fact]
    public async Task Our_own_namespace_has_a_loopback() =>
        Assert.Contains("LOOPBACK", Assert.Single(await Ip.LinksAsync(), link => link.Name == "lo").Flags);

    [Fact]
    public async Task A_tap_is_opened_inside_its_namespace_and_carries_while_it_is_open()
    {
        await using TestNamespace space = await TestNamespace.CreateAsync();
        await Ip.BatchAsync(["tuntap add tap0 mode tap vnet_hdr", "link set tap0 up"], space.Name);
        using (SafeFileHandle handle = await TapDevice.OpenAsync("tap0", space.Name))
        {
            Assert.Contains("LOWER_UP", (await LinkAsync(space, "tap0")).Flags);
            // One queue, one holder.
            HostResourceException busy = await Assert.ThrowsAsync<HostResourceException>(() => TapDevice.OpenAsync("tap0", space.Name));
            Assert.Contains("tap0", busy.Message, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("LOWER_UP", (await LinkAsync(space, "tap0")).Flags);
    }

    [Fact]
    public async Task Opening_a_missing_tap_fails_and_creates_none()
    {
        await using TestNamespace space = await TestNamespace.CreateAsync();
        HostResourceException error = await Assert.ThrowsAsync<HostResourceException>(() => TapDevice.OpenAsync("tap7", space.Name));
        Assert.Contains("tap7: No such device", error.Message, StringComparison.Ordinal);
    }

    private static async Task<IpLink> LinkAsync(TestNamespace space, string name) =>
        Assert.Single(await Ip.LinksAsync(space.Name), link => link.Name == name);
}
