using System.Net;

namespace VmPool.Networking;

/// <summary>Which resolvers guests' questions go to.</summary>
public static class HostResolvers
{
    private const string Configured = "/etc/resolv.conf";

    // Behind systemd-resolved the ordinary file names only its stub on loopback; this one names the servers it asks.
    private const string Upstream = "/run/systemd/resolve/resolv.conf";

    /// <summary>The host's resolvers that can be reached from outside of it; empty when there are only loopback ones.</summary>
    public static IReadOnlyList<IPAddress> Read() => Read([Configured, Upstream]);

    internal static IReadOnlyList<IPAddress> Read(IEnumerable<string> paths)
    {
        foreach (string path in paths.Where(File.Exists))
        {
            IReadOnlyList<IPAddress> usable = [.. Parse(File.ReadLines(path)).Where(IsReachableFromGuests)];
            if (usable.Count > 0)
            {
                return usable;
            }
        }
        return [];
    }

    internal static IEnumerable<IPAddress> Parse(IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            string[] words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var address, ..] && IPAddress.TryParse(address, out IPAddress? parsed))
            {
                yield return parsed;
            }
        }
    }

    // A link-local resolver (fe80::1%eth0) means something only on its own link.
    private static bool IsReachableFromGuests(IPAddress address) =>
        !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any);
}
