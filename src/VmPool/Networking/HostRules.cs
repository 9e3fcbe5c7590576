using System.Globalization;
using System.Net;
using System.Text;

namespace VmPool.Networking;

/// <summary>
/// The text of our one nftables table on the host: constant rules, and for each slot its members of the sets and two short
/// chains. Every text is one transaction and may be applied again. Our chains refuse only what comes from or goes to our
/// own links; the policy is accept, other tables decide about everything else.
/// <code>
///   forward:  from a slot ─┬─ to another slot: refuse      input:  from a slot ─┬─ replies: accept
///                          ├─ replies: accept                                   └─ jump host-LINK, else refuse
///                          └─ jump out-LINK, else refuse   translate-source:  masquerade what leaves to anywhere but a slot
///             to a slot   ─── replies only
/// </code>
/// </summary>
public static class HostRules
{
    /// <summary>Family and name of our table.</summary>
    public const string Table = "inet fleeting_plugin_vmpool";

    /// <summary>Removes the table; succeeds when there is none.</summary>
    public const string RemoveAll = $"add table {Table}\ndelete table {Table}\n";

    private const string Sets = $$"""
        add table {{Table}}
        add set {{Table}} links { type ifname; }
        add set {{Table}} sources4 { type ipv4_addr; }
        add set {{Table}} sources6 { type ipv6_addr; }
        add map {{Table}} outbound { type ifname : verdict; }
        add map {{Table}} hostbound { type ifname : verdict; }

        """;

    // Written anew with every slot: in one transaction with the flush, so no packet ever meets a half-written chain.
    private const string Constant = $$"""
        add chain {{Table}} refuse
        add chain {{Table}} forward { type filter hook forward priority filter; policy accept; }
        add chain {{Table}} input { type filter hook input priority filter; policy accept; }
        add chain {{Table}} translate-source { type nat hook postrouting priority srcnat; policy accept; }
        flush chain {{Table}} refuse
        flush chain {{Table}} forward
        flush chain {{Table}} input
        flush chain {{Table}} translate-source
        add rule {{Table}} refuse meta l4proto tcp reject with tcp reset
        add rule {{Table}} refuse reject with icmpx admin-prohibited
        add rule {{Table}} forward iifname @links oifname @links goto refuse
        add rule {{Table}} forward iifname @links tcp flags syn tcp option maxseg size set rt mtu
        add rule {{Table}} forward oifname @links tcp flags syn tcp option maxseg size set rt mtu
        add rule {{Table}} forward iifname @links ct state established,related accept
        add rule {{Table}} forward oifname @links ct state established,related accept
        add rule {{Table}} forward iifname vmap @outbound
        add rule {{Table}} forward iifname @links goto refuse
        add rule {{Table}} forward oifname @links goto refuse
        add rule {{Table}} input iifname @links ct state established,related accept
        add rule {{Table}} input iifname @links icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
        add rule {{Table}} input iifname vmap @hostbound
        add rule {{Table}} input iifname @links goto refuse
        add rule {{Table}} translate-source ip saddr @sources4 oifname != @links masquerade
        add rule {{Table}} translate-source ip6 saddr @sources6 oifname != @links masquerade

        """;

    /// <summary>Adds or renews one slot's part.</summary>
    public static string Add(SlotPlan plan, SlotPolicy policy)
    {
        var text = new StringBuilder(Sets + Constant);
        text.Append(Chains(plan));
        AppendRule(text, "out", plan, $"meta nfproto ipv4 oifname \"{policy.EgressLink}\" accept");
        if (policy.EgressLink6 is not null)
        {
            AppendRule(text, "out", plan, $"meta nfproto ipv6 oifname \"{policy.EgressLink6}\" accept");
        }
        foreach (AllowRule rule in policy.Allow)
        {
            if (rule.Destination is not null)
            {
                AppendRule(text, "out", plan, $"{NftText.Destination(rule)} accept");
            }
            else
            {
                AppendRule(text, "host", plan, string.Create(CultureInfo.InvariantCulture, $"meta l4proto {{ tcp, udp }} th dport {rule.Port} accept"));
            }
        }
        // A resolver may be on another interface, or be the host itself.
        foreach (IPAddress resolver in policy.Resolvers)
        {
            string match = $"{NftText.Family(resolver)} daddr {resolver} meta l4proto {{ tcp, udp }} th dport 53 accept";
            AppendRule(text, "out", plan, match);
            AppendRule(text, "host", plan, match);
        }
        text.Append(Members("add", plan));
        return text.ToString();
    }

    /// <summary>Removes one slot's part; succeeds when it is not there, and leaves the table.</summary>
    public static string Remove(SlotPlan plan) =>
        // Adding first is what makes the removal repeatable: nft has no "remove if present" in the versions we support.
        Sets + Chains(plan) + Members("add", plan) + Members("delete", plan)
        + $"delete chain {Table} out-{plan.HostLink}\ndelete chain {Table} host-{plan.HostLink}\n";

    private static string Chains(SlotPlan plan) => $"""
        add chain {Table} out-{plan.HostLink}
        add chain {Table} host-{plan.HostLink}
        flush chain {Table} out-{plan.HostLink}
        flush chain {Table} host-{plan.HostLink}

        """;

    private static string Members(string verb, SlotPlan plan) => $$"""
        {{verb}} element {{Table}} links { "{{plan.HostLink}}" }
        {{verb}} element {{Table}} sources4 { {{plan.Address}} }
        {{verb}} element {{Table}} sources6 { {{plan.Address6}} }
        {{verb}} element {{Table}} outbound { "{{plan.HostLink}}" : jump out-{{plan.HostLink}} }
        {{verb}} element {{Table}} hostbound { "{{plan.HostLink}}" : jump host-{{plan.HostLink}} }

        """;

    private static void AppendRule(StringBuilder text, string chain, SlotPlan plan, string rule) =>
        text.Append(CultureInfo.InvariantCulture, $"add rule {Table} {chain}-{plan.HostLink} {rule}\n");
}
