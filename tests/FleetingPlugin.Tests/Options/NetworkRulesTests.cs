using System.Net;
using System.Text.Json;
using FleetingPlugin.Options;

namespace FleetingPlugin.Tests.Options;

public sealed class NetworkRulesTests
{
    private static Reading<T> Read<T>(ValueRule<T> rule, string json)
    {
        using var document = JsonDocument.Parse(json);
        return rule.Read(document.RootElement);
    }

    [Theory]
    [InlineData("10.210.0.0/20", "10.210.0.0/20", 2048)]
    [InlineData("172.16.120.", "172.16.120.0/24", 128)]
    [InlineData("192.0.2.0/30", "192.0.2.0/30", 2)]
    [InlineData("11.0.0.0/8", "11.0.0.0/8", 8_388_608)]
    public void A_slot_network_is_read(string text, string network, int slots)
    {
        var reading = Read(NetworkRules.SlotNetwork, $"\"{text}\"");
        Assert.True(reading.Success, reading.Reason);
        Assert.Equal(IPNetwork.Parse(network), reading.Value);
        Assert.Equal(slots, Subnet.Slots(reading.Value));
    }

    [Theory]
    [InlineData("", "the prefix length is missing")]
    [InlineData("10.210.0.0", "the prefix length is missing")]
    [InlineData("172.16.", "the prefix length is missing")]
    [InlineData("172.16.300.", "\"172.16.300.0\" is not an address")]
    [InlineData("10.1/16", "\"10.1\" is not an address")]
    [InlineData("010.0.0.0/16", "\"010.0.0.0\" is not an address")]
    [InlineData("10.210.0.0/33", "\"/33\" is not a prefix length from 0 to 32")]
    [InlineData("10.210.0.0/", "\"/\" is not a prefix length from 0 to 32")]
    [InlineData("10.210.0.0/-1", "\"/-1\" is not a prefix length from 0 to 32")]
    [InlineData("10.210.1.1/20", "10.210.1.1 is not the first address of its network; did you mean \"10.210.0.0/20\"?")]
    [InlineData("fd00::/64", "it is not IPv4")]
    [InlineData("10.210.0.0/31", "the prefix length must be 8 to 30")]
    [InlineData("4.0.0.0/7", "the prefix length must be 8 to 30")]
    [InlineData("127.0.0.0/16", "127.0.0.0/8 (loopback) cannot be used for slots")]
    [InlineData("239.0.0.0/16", "multicast")]
    [InlineData("169.254.0.0/24", "link-local")]
    [InlineData("10.0.0.0/8", "it overlaps 10.255.255.0/30, the fixed network inside every guest")]
    [InlineData("10.255.255.", "it overlaps 10.255.255.0/30")]
    public void An_unusable_slot_network_is_refused_with_the_reason(string text, string reason)
    {
        var reading = Read(NetworkRules.SlotNetwork, $"\"{text}\"");
        Assert.False(reading.Success);
        Assert.Contains(reason, reading.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("192.168.0.0/16", "192.168.0.0/16")]
    [InlineData("192.168.0.0/16:443", "192.168.0.0/16:443")]
    [InlineData("192.168.1.5", "192.168.1.5/32")]
    [InlineData("192.168.1.5:8080", "192.168.1.5/32:8080")]
    [InlineData("fd00::/8", "fd00::/8")]
    [InlineData("fd00::/8:443", "fd00::/8:443")]
    [InlineData("fd00::1", "fd00::1/128")]
    [InlineData("[fd00::1]:443", "fd00::1/128:443")]
    [InlineData("[fd00::]/8:443", "fd00::/8:443")]
    [InlineData("host:5000", "host:5000")]
    [InlineData("Host:05000", "host:5000")]
    public void An_allowed_destination_is_read(string text, string expected)
    {
        var reading = Read(NetworkRules.Allow, $"[\"{text}\"]");
        Assert.True(reading.Success, reading.Reason);
        Assert.Equal([expected], reading.Value!);
    }

    [Theory]
    [InlineData("host", "\"host\" needs a port")]
    [InlineData("host:0", "\"0\" is not a port")]
    [InlineData("host:65536", "\"65536\" is not a port")]
    [InlineData("host:ssh", "\"ssh\" is not a port")]
    [InlineData("registry.example:443", "names are not looked up")]
    [InlineData("192.168.1.1/16", "did you mean \"192.168.0.0/16\"?")]
    [InlineData("fd00::1/64", "did you mean \"fd00::/64\"?")]
    [InlineData("", "is neither a network nor")]
    [InlineData("/24", "\"\" is not an address")]
    [InlineData("[fd00::1", "is neither a network nor")]
    public void A_bad_destination_is_named(string text, string reason)
    {
        var reading = Read(NetworkRules.Allow, $"[\"10.0.0.0/8\", \"{text}\"]");
        Assert.False(reading.Success);
        Assert.StartsWith($"entry 2, \"{text}\": ", reading.Reason, StringComparison.Ordinal);
        Assert.Contains(reason, reading.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.53")]
    [InlineData("::1")]
    [InlineData("0.0.0.0")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("dns.example")]
    public void A_resolver_that_a_guest_cannot_ask_is_refused(string text) =>
        Assert.False(Read(NetworkRules.Resolvers, $"[\"{text}\"]").Success);
}
