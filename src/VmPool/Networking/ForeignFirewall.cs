using System.Text.RegularExpressions;

namespace VmPool.Networking;

/// <summary>
/// Finds other programs' forward chains that would drop guests' packets: accepting them in our own table does not help,
/// because every base chain of a hook must let a packet pass.
/// </summary>
internal static partial class ForeignFirewall
{
    /// <summary>One sentence that names the chains and the lines to add; none when nothing is in our way.</summary>
    /// <param name="ruleset">What <c>nft list ruleset</c> prints; rules of iptables-nft are in it too.</param>
    public static IEnumerable<string> Judge(string ruleset)
    {
        foreach (string table in ruleset.Split("\ntable ").Select((text, i) => i == 0 && text.StartsWith("table ", StringComparison.Ordinal) ? text[6..] : text))
        {
            Match head = TableHead().Match(table);
            // An operator who has followed the advice below has named our interfaces in that table.
            if (!head.Success || $"{head.Groups[1].Value} {head.Groups[2].Value}" == HostRules.Table || table.Contains(SlotPlan.LinkPrefix + "*", StringComparison.Ordinal))
            {
                continue;
            }
            foreach (Match chain in Chain().Matches(table).Where(chain => DropsForwarded(chain.Groups[2].Value)))
            {
                string owner = $"{head.Groups[1].Value} {head.Groups[2].Value} {chain.Groups[1].Value}";
                yield return $"the nftables chain \"{owner}\" drops forwarded packets, guests' too; add: {Remedy(owner, table)}";
            }
        }
    }

    private static bool DropsForwarded(string body) =>
        body.Contains("hook forward", StringComparison.Ordinal)
        && (body.Contains("policy drop", StringComparison.Ordinal) || UnconditionalRefusal().IsMatch(body));

    private static string Remedy(string chain, string table) =>
        table.Contains("chain DOCKER-USER", StringComparison.Ordinal)
            ? "iptables -I DOCKER-USER -i vmp+ -j ACCEPT; iptables -I DOCKER-USER -o vmp+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
            : $"nft insert rule {chain} iifname \"vmp*\" accept; nft insert rule {chain} oifname \"vmp*\" ct state established,related accept";

    [GeneratedRegex(@"^(\S+) (\S+) \{")]
    private static partial Regex TableHead();

    [GeneratedRegex(@"\n\tchain (\S+) \{\n(.*?)\n\t\}", RegexOptions.Singleline)]
    private static partial Regex Chain();

    // firewalld: policy accept, but the last rule takes everything.
    [GeneratedRegex(@"\n\t\t(counter packets \d+ bytes \d+ )?(drop|reject[^\n]*)(\n|$)")]
    private static partial Regex UnconditionalRefusal();
}
