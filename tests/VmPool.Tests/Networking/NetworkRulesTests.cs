using System.Net;
using VmPool.Networking;
using VmPool.Options;

namespace VmPool.Tests.Networking;

public sealed class NetworkRulesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vmpool-rules-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("10.1.0.0/16", "10.1.0.0/16", null)]
    [InlineData("10.1.2.3", "10.1.2.3/32", null)]
    [InlineData("10.1.2.3/32:443", "10.1.2.3/32", 443)]
    [InlineData("fd00::/8", "fd00::/8", null)]
    [InlineData("[fd00::]/8:443", "fd00::/8", 443)]
    [InlineData("host:5000", null, 5000)]
    public void An_exception_is_a_network_a_network_with_port_or_a_port_of_the_host(string text, string? network, int? port)
    {
        AllowRule rule = AllowRule.Parse(text);

        Assert.Equal(network, rule.Destination?.ToString());
        Assert.Equal(port, rule.Port);
    }

    [Theory]
    [InlineData("host:")]
    [InlineData("host:70000")]
    [InlineData("10.1.0.0/16:http")]
    [InlineData("registry.example:5000")]
    public void Anything_else_is_an_error_that_quotes_it(string text) =>
        Assert.Contains(text, Assert.Throws<FormatException>(() => AllowRule.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_default_route_with_the_lowest_metric_decides_where_traffic_leaves()
    {
        HostNetwork host = Host(Route("0.0.0.0/0", "wlan0", 600), Route("0.0.0.0/0", "eth0", 100), Route("::/0", "tun6", 50));

        Assert.Equal(new EgressInterface("eth0", "tun6", 1480), EgressInterface.Resolve(host, null));
        Assert.Equal("wlan0", EgressInterface.Resolve(host, "wlan0").Link);
    }

    [Fact]
    public void A_missing_egress_interface_is_an_error_that_lists_those_there_are()
    {
        string text = Assert.Throws<HostRequirementException>(() => EgressInterface.Resolve(Host(), "eth7")).Message;

        Assert.Contains("eth7", text, StringComparison.Ordinal);
        Assert.Contains("eth0, wlan0, tun6", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.210.0.0/20", 1)]
    [InlineData("10.210.3.0/24", 1)]
    [InlineData("10.210.1.1/32", 1)]
    [InlineData("10.0.0.0/8", 0)]
    [InlineData("10.211.0.0/20", 0)]
    public void Equal_and_narrower_foreign_routes_in_the_subnet_are_faults_wider_ones_are_not(string route, int faults)
    {
        HostNetwork host = Host(Route("0.0.0.0/0", "eth0", 0), Route(route, "eth0", 0), Route("10.210.0.2/31", "vmp0ad20003", 0));

        Assert.Equal(faults, HostNetworkChecks.JudgeNetwork(host, new NetworkOptions()).Count());
    }

    [Fact]
    public void Behind_a_local_stub_the_upstream_resolvers_are_used()
    {
        string stub = Path.Join(_directory, "stub");
        string upstream = Path.Join(_directory, "upstream");
        File.WriteAllText(stub, "# comment\nnameserver 127.0.0.53\noptions edns0\n");
        File.WriteAllText(upstream, "nameserver 198.51.100.1\nnameserver\t2001:db8::53\nnameserver fe80::1%eth0\n");

        Assert.Equal([IPAddress.Parse("198.51.100.1"), IPAddress.Parse("2001:db8::53")], HostResolvers.Read([stub, upstream]));
        Assert.Empty(HostResolvers.Read([stub, Path.Join(_directory, "absent")]));
    }

    [Fact]
    public void Docker_users_are_told_the_docker_way()
    {
        const string ruleset = """
            table ip filter {
            	chain DOCKER-USER {
            	}

            	chain FORWARD {
            		type filter hook forward priority filter; policy drop;
            		counter packets 0 bytes 0 jump DOCKER-USER
            	}
            }
            table inet firewalld {
            	chain filter_FORWARD {
            		type filter hook forward priority filter + 10; policy accept;
            		ct state established,related accept
            		reject with icmpx admin-prohibited
            	}
            }
            table inet other {
            	chain forward {
            		type filter hook forward priority filter; policy accept;
            		ip saddr 10.0.0.1 drop
            	}
            }
            """;

        string[] warnings = [.. ForeignFirewall.Judge(ruleset)];

        Assert.Equal(2, warnings.Length);
        Assert.Contains("iptables -I DOCKER-USER -i vmp+ -j ACCEPT", warnings[0], StringComparison.Ordinal);
        Assert.Contains("nft insert rule inet firewalld filter_FORWARD iifname \"vmp*\" accept", warnings[1], StringComparison.Ordinal);
    }

    private static HostRoute Route(string destination, string link, long metric) => new(IPNetwork.Parse(destination), link, metric, IsMain: true);

    private static HostNetwork Host(params HostRoute[] routes) =>
        new([new HostLink("lo", 65536), new HostLink("eth0", 1500), new HostLink("wlan0", 1500), new HostLink("tun6", 1480), new HostLink("vmp0ad20003", 1500)],
            [new HostAddress("eth0", IPAddress.Parse("192.0.2.2")), new HostAddress("vmp0ad20003", IPAddress.Parse("10.210.0.2"))], routes);
}
