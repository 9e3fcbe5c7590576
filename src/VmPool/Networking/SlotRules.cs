using System.Globalization;
using System.Net;
using System.Text;

namespace VmPool.Networking;

/// <summary>
/// The nftables rules inside one slot: address translation between the slot's own address and the guest's constant one, and
/// what the guest may reach. Pure text; loaded in one transaction into an empty namespace.
/// <code>
///   host end ──tcp 22, 1022, the configured SSH port──> slot address ──DNAT──> guest          (and everything into tap0: source = gateway)
///   guest ──port 53──> gateway ──DNAT──> resolver
///   guest ──> internet: source = slot address          guest ──> refused networks: reset or "prohibited", at once
/// </code>
/// </summary>
public static class SlotRules
{
    /// <summary>The only table in a slot's namespace.</summary>
    public const string Table = "inet slot";

    /// <summary>
    /// Most flows a guest may have open at once. Each also takes an entry in the host's own connection table, which all slots
    /// and the host share; the kernel makes room for 65,536 there on a host with more than 1 GiB and 262,144 with more than
    /// 4 GiB. So one guest can take a quarter of the small one, far more than a job needs, and never all of it.
    /// </summary>
    public const int MaxFlows = 16_384;

    /// <summary>Writes the rules.</summary>
    public static string Write(SlotPlan plan, SlotPolicy policy)
    {
        var text = new StringBuilder();
        string inbound = string.Join(", ", new[] { GuestNetwork.SshPort, policy.SshPort, GuestNetwork.AgentPort }.Distinct());
        text.Append(CultureInfo.InvariantCulture, $$"""
            table {{Table}} {
              set refused4 {
                type ipv4_addr
                flags interval
                auto-merge
                elements = { {{NftText.Elements([.. RefusedNetworks.V4, policy.Subnet, .. policy.HostAddresses.Where(a => !NftText.IsV6(a))])}} }
              }
              set refused6 {
                type ipv6_addr
                flags interval
                auto-merge
                elements = { {{NftText.Elements([.. RefusedNetworks.V6, .. policy.HostAddresses.Where(NftText.IsV6)])}} }
              }

              chain refuse {
                meta l4proto tcp reject with tcp reset
                reject with icmpx admin-prohibited
              }

              # Before connection tracking: a guest has one address in each family and nothing else leaves its card,
              # except what IPv6 needs to find its gateway.
              chain antispoof {
                type filter hook prerouting priority raw; policy accept;
                iifname != "tap0" accept
                ip saddr {{GuestNetwork.Address}} accept
                ip6 saddr {{GuestNetwork.Address6}} accept
                ip6 saddr { ::, fe80::/10 } icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
                drop
              }

              chain translate-destination {
                type nat hook prerouting priority dstnat; policy accept;
                iifname "ext0" ip saddr {{plan.HostAddress}} ip daddr {{plan.Address}} tcp dport { {{inbound}} } dnat ip to {{GuestNetwork.Address}}
                iifname "ext0" ip6 saddr {{plan.HostAddress6}} ip6 daddr {{plan.Address6}} tcp dport { {{inbound}} } dnat ip6 to {{GuestNetwork.Address6}}

            """);
        AppendResolvers(text, GuestNetwork.Gateway, [.. policy.Resolvers.Where(a => !NftText.IsV6(a))]);
        AppendResolvers(text, GuestNetwork.Gateway6, policy.EgressLink6 is null ? [] : [.. policy.Resolvers.Where(NftText.IsV6)]);
        foreach (int port in HostPorts(policy))
        {
            text.Append(CultureInfo.InvariantCulture, $$"""
                    iifname "tap0" ip daddr {{GuestNetwork.Gateway}} meta l4proto { tcp, udp } th dport {{port}} dnat ip to {{plan.HostAddress}}
                    iifname "tap0" ip6 daddr {{GuestNetwork.Gateway6}} meta l4proto { tcp, udp } th dport {{port}} dnat ip6 to {{plan.HostAddress6}}

                """);
        }
        text.Append(CultureInfo.InvariantCulture, $$"""
              }

              chain translate-source {
                type nat hook postrouting priority srcnat; policy accept;
                oifname "tap0" meta nfproto ipv4 snat ip to {{GuestNetwork.Gateway}}
                oifname "tap0" meta nfproto ipv6 snat ip6 to {{GuestNetwork.Gateway6}}
                oifname "ext0" ip saddr {{GuestNetwork.Address}} snat ip to {{plan.Address}}
                oifname "ext0" ip6 saddr {{GuestNetwork.Address6}} snat ip6 to {{plan.Address6}}
              }

              chain input {
                type filter hook input priority filter; policy drop;
                iifname "lo" accept
                ct state established,related accept
                icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
                iifname "tap0" ip daddr {{GuestNetwork.Gateway}} icmp type echo-request accept
                iifname "tap0" ip6 daddr {{GuestNetwork.Gateway6}} icmpv6 type echo-request accept
                goto refuse
              }

              chain forward {
                type filter hook forward priority filter; policy drop;
                ct state invalid drop
                tcp flags syn tcp option maxseg size set rt mtu
                ct state established,related accept
                iifname "tap0" oifname "ext0" goto outbound
                iifname "ext0" oifname "tap0" ct status dnat accept
                goto refuse
              }

              chain outbound {
                # Once for each flow (a flow is confirmed when its first packet has left), whatever its destination.
                ct state new ct status & confirmed == 0 ct count over {{MaxFlows}} goto refuse
                # Translated destinations are the resolver's and the host ports of network.allow, nothing else.
                ct status dnat accept

            """);
        foreach (AllowRule rule in policy.Allow.Where(rule => rule.Destination is not null))
        {
            text.Append(CultureInfo.InvariantCulture, $"    {NftText.Destination(rule)} accept\n");
        }
        foreach (int port in HostPorts(policy))
        {
            foreach (IPAddress address in policy.HostAddresses)
            {
                text.Append(CultureInfo.InvariantCulture, $"    {NftText.Family(address)} daddr {address} meta l4proto {{ tcp, udp }} th dport {port} accept\n");
            }
        }
        text.Append("    ip daddr @refused4 goto refuse\n    ip6 daddr @refused6 goto refuse\n");
        text.Append(policy.EgressLink6 is null ? "    meta nfproto ipv6 goto refuse\n" : "");
        text.Append("    accept\n  }\n}\n");
        return text.ToString();
    }

    private static IEnumerable<int> HostPorts(SlotPolicy policy) =>
        policy.Allow.Where(rule => rule.Destination is null).Select(rule => rule.Port!.Value);

    // Questions are spread over the resolvers: a guest's second try comes from another port and so reaches another one.
    private static void AppendResolvers(StringBuilder text, IPAddress gateway, IReadOnlyList<IPAddress> resolvers)
    {
        if (resolvers.Count == 0)
        {
            return;
        }
        string family = NftText.Family(gateway);
        string target = resolvers.Count == 1
            ? resolvers[0].ToString()
            : string.Create(CultureInfo.InvariantCulture,
                $"numgen inc mod {resolvers.Count} map {{ {string.Join(", ", resolvers.Select((a, i) => $"{i} : {a}"))} }}");
        text.Append(CultureInfo.InvariantCulture,
            $"    iifname \"tap0\" {family} daddr {gateway} meta l4proto {{ tcp, udp }} th dport 53 dnat {family} to {target}\n");
    }
}
