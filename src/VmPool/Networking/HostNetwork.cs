using System.Net;
using LinuxHost;

namespace VmPool.Networking;

/// <summary>One interface of the host.</summary>
/// <param name="Name">As the kernel calls it.</param>
/// <param name="Mtu">Bytes.</param>
public sealed record HostLink(string Name, int Mtu);

/// <summary>One address of one interface.</summary>
public sealed record HostAddress(string Link, IPAddress Address);

/// <summary>One unicast route of one table.</summary>
/// <param name="Destination">0.0.0.0/0 or ::/0 for a default route.</param>
/// <param name="Link">Interface; empty for routes without one (blackhole, several next hops).</param>
/// <param name="Metric">Lower wins.</param>
/// <param name="IsMain">In the table that ordinary packets are routed by.</param>
public sealed record HostRoute(IPNetwork Destination, string Link, long Metric, bool IsMain);

/// <summary>The host's interfaces, addresses and routes at one moment.</summary>
public sealed record HostNetwork(IReadOnlyList<HostLink> Links, IReadOnlyList<HostAddress> Addresses, IReadOnlyList<HostRoute> Routes)
{
    /// <summary>Asks the kernel.</summary>
    /// <exception cref="HostCommandException">ip is missing or failed.</exception>
    public static async Task<HostNetwork> ReadAsync(CancellationToken cancellationToken)
    {
        Task<IReadOnlyList<IpLink>> links = Ip.LinksAsync(cancellationToken: cancellationToken);
        Task<IReadOnlyList<IpAddress>> addresses = Ip.AddressesAsync(cancellationToken: cancellationToken);
        Task<IReadOnlyList<IpRoute>> routes = Ip.RoutesAsync(cancellationToken: cancellationToken);
        await Task.WhenAll(links, addresses, routes);
        return new HostNetwork(
            [.. (await links).Select(link => new HostLink(link.Name, link.Mtu))],
            [.. (await addresses).Select(address => new HostAddress(address.InterfaceName, IPAddress.Parse(address.Local)))],
            [.. (await routes).Where(route => route.Type is not ("local" or "broadcast" or "anycast" or "multicast"))
                .Select(route => new HostRoute(ParseDestination(route), route.InterfaceName, route.Metric, route.Table == "main"))]);
    }

    private static IPNetwork ParseDestination(IpRoute route)
    {
        if (route.Destination == "default")
        {
            return IPNetwork.Parse(route.Family == "inet" ? "0.0.0.0/0" : "::/0");
        }
        // ip prints a route to one address without a prefix length.
        return IPNetwork.TryParse(route.Destination, out IPNetwork network)
            ? network
            : new IPNetwork(IPAddress.Parse(route.Destination), route.Family == "inet" ? 32 : 128);
    }
}
