using System.Net;
using VmPool.Options;

namespace VmPool.Networking;

/// <summary>Combines the group's configuration with the host as it is now. What the host says is kept for some seconds.</summary>
internal sealed class HostPolicy(NetworkOptions options, TimeProvider clock)
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(10);

    private readonly IReadOnlyList<AllowRule> _allow = [.. options.Allow.Select(AllowRule.Parse)];
    private volatile Seen? _seen;

    /// <summary>The policy for a slot that is made now.</summary>
    /// <exception cref="HostRequirementException">No egress interface, no usable resolver, or forwarding is off and not ours.</exception>
    public Task<SlotPolicy> CurrentAsync(CancellationToken cancellationToken) => CurrentAsync(Freshness, cancellationToken);

    /// <summary>The same, from what the host said at most this long ago: asking it takes tens of milliseconds.</summary>
    public async Task<SlotPolicy> CurrentAsync(TimeSpan oldest, CancellationToken cancellationToken)
    {
        HostNetwork host = await HostAsync(oldest, cancellationToken);
        EgressInterface egress = EgressInterface.Resolve(host, options.EgressInterface);
        if (!options.ManageSysctl && !HostForwarding.IsOn(egress.Link))
        {
            throw new HostRequirementException(ForwardingFault(egress.Link));
        }
        IReadOnlyList<IPAddress> resolvers = options.Dns.Count > 0 ? options.Dns : HostResolvers.Read();
        return new SlotPolicy
        {
            EgressLink = egress.Link,
            EgressLink6 = egress.Link6 is { } link6 && HostForwarding.CanForward6(link6, options.ManageSysctl) ? link6 : null,
            Mtu = egress.Mtu,
            HasIpv6 = HostForwarding.HasIpv6,
            Subnet = options.Subnet,
            Resolvers = resolvers.Count > 0 ? resolvers : throw new HostRequirementException(ResolverFault),
            HostAddresses = [.. host.Addresses.Where(entry => !SlotPlan.IsHostLink(entry.Link)).Select(entry => entry.Address).Distinct()],
            Allow = _allow,
            SshPort = options.SshPort,
        };
    }

    internal const string ResolverFault =
        "this host's resolvers (/etc/resolv.conf) are reachable only on its own loopback, so guests cannot use them; set network.dns to resolvers that guests can reach";

    internal static string ForwardingFault(string link) =>
        $"forwarding is off on {link} and network.manage_sysctl = false forbids to switch it on; set net.ipv4.ip_forward=1 (in /etc/sysctl.d) or network.manage_sysctl = true";

    private async Task<HostNetwork> HostAsync(TimeSpan oldest, CancellationToken cancellationToken)
    {
        if (_seen is { } seen && clock.GetElapsedTime(seen.At) < oldest)
        {
            return seen.Host;
        }
        HostNetwork host = await HostNetwork.ReadAsync(cancellationToken);
        _seen = new Seen(clock.GetTimestamp(), host);
        return host;
    }

    // One reference, because slots are acquired in parallel: a tuple could be read half old and half new.
    private sealed record Seen(long At, HostNetwork Host);
}
