using System.Net.Sockets;

namespace VmPool.Networking;

/// <summary>Where guests' traffic leaves the host.</summary>
/// <param name="Link">For IPv4.</param>
/// <param name="Link6">For IPv6; absent when the host has no IPv6 default route.</param>
/// <param name="Mtu">The smaller one of both.</param>
public sealed record EgressInterface(string Link, string? Link6, int Mtu)
{
    /// <summary>Takes the configured interface, else those of the default routes with the lowest metric.</summary>
    /// <exception cref="HostRequirementException">The named interface does not exist, or there is no default route; says what there is.</exception>
    public static EgressInterface Resolve(HostNetwork host, string? configured)
    {
        if (configured is not null)
        {
            HostLink link = host.Links.FirstOrDefault(link => link.Name == configured)
                ?? throw new HostRequirementException($"egress_interface \"{configured}\" does not exist; this host has: {Candidates(host)}");
            return new EgressInterface(link.Name, link.Name, link.Mtu);
        }
        HostLink main = Default(host, AddressFamily.InterNetwork)
            ?? throw new HostRequirementException(
                "this host has no IPv4 default route, so egress_interface must name the interface that guests' traffic leaves by; "
                + $"there are: {Candidates(host)}");
        HostLink? main6 = Default(host, AddressFamily.InterNetworkV6);
        return new EgressInterface(main.Name, main6?.Name, Math.Min(main.Mtu, main6?.Mtu ?? main.Mtu));
    }

    private static HostLink? Default(HostNetwork host, AddressFamily family) =>
        host.Routes
            .Where(route => route.IsMain && route.Destination.PrefixLength == 0 && route.Destination.BaseAddress.AddressFamily == family)
            .OrderBy(route => route.Metric)
            .Select(route => host.Links.FirstOrDefault(link => link.Name == route.Link))
            .FirstOrDefault(link => link is not null);

    private static string Candidates(HostNetwork host)
    {
        string names = string.Join(", ", host.Links.Select(link => link.Name).Where(name => name != "lo" && !SlotPlan.IsHostLink(name)));
        return names.Length == 0 ? "none but lo" : names;
    }
}
