using System.Net;
using VmPool.Networking;

namespace VmPool.Tests.Networking;

public sealed class SlotPlanTests
{
    [Fact]
    public void Names_and_addresses_follow_from_the_number()
    {
        var plan = new SlotPlan(SlotPlan.NumberOf(IPAddress.Parse("10.210.0.3"))!.Value);

        Assert.Equal("10.210.0.2", plan.HostAddress.ToString());
        Assert.Equal("10.210.0.3", plan.Address.ToString());
        Assert.Equal("vmp0ad20003", plan.HostLink);
        Assert.Equal("vmpool-10.210.0.3", plan.Namespace);
        Assert.Equal(IPAddress.Parse("fd76:6d70:6f6f:6c01::ad2:2"), plan.HostAddress6);
        Assert.Equal(IPAddress.Parse("fd76:6d70:6f6f:6c01::ad2:3"), plan.Address6);
        Assert.True(SlotPlan.IsHostLink(plan.HostLink));
    }

    [Theory]
    [InlineData("0.0.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.255.255")]
    [InlineData("255.255.255.255")]
    public void Interface_names_fit_the_kernel_and_users_stay_in_the_unused_range(string address)
    {
        var plan = new SlotPlan(SlotPlan.NumberOf(IPAddress.Parse(address))!.Value);

        Assert.InRange(plan.HostLink.Length, 1, 15);
        Assert.InRange(plan.UserId, 0x7000_0000u, 0x7fff_ffffu);
    }

    [Fact]
    public void Private_subnets_never_share_a_user()
    {
        string[] corners = ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255", "100.64.0.1", "100.127.255.255"];

        Assert.Equal(corners.Length, corners.Select(a => new SlotPlan(SlotPlan.NumberOf(IPAddress.Parse(a))!.Value).UserId).Distinct().Count());
    }

    [Theory]
    [InlineData("10.210.0.2")]
    [InlineData("::1")]
    public void Only_odd_ipv4_addresses_are_slots(string address) => Assert.Null(SlotPlan.NumberOf(IPAddress.Parse(address)));

    [Theory]
    [InlineData("vmpool0")]
    [InlineData("vmp0ad2000g")]
    [InlineData("vmp0AD20003")]
    public void Other_interfaces_are_not_ours(string name) => Assert.False(SlotPlan.IsHostLink(name));

    [Theory]
    [InlineData("10.210.0.0/20", 2048)]
    [InlineData("172.16.120.0/24", 128)]
    [InlineData("10.0.0.0/31", 1)]
    public void A_subnet_has_one_slot_for_each_pair_of_addresses(string subnet, int size)
    {
        var range = new SlotRange(IPNetwork.Parse(subnet));

        Assert.Equal(size, range.Size);
        Assert.True(range.Contains(range.First + size - 1));
        Assert.False(range.Contains(range.First + size));
        Assert.False(range.Contains(range.First - 1));
    }
}
