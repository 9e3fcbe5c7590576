using System.Globalization;
using LinuxHost;

namespace HostLeakCheck;

/// <summary>Names of namespaces; links, addresses, routes and nftables rules of our own namespace and of the asked-for ones.</summary>
internal static class NetworkState
{
    internal static async Task<IReadOnlyList<string>> CollectAsync(SnapshotScope scope, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        foreach (string name in NetworkNamespace.List().Where(name => !scope.Ignores(name)))
        {
            lines.Add($"namespace {name} ({NetworkNamespace.InodeOf(name)?.ToString(CultureInfo.InvariantCulture) ?? "incomplete"})");
        }
        foreach (string? name in scope.Namespaces.Where(NetworkNamespace.Exists).Prepend(null))
        {
            lines.AddRange(await InsideAsync(name, cancellationToken));
        }
        return lines;
    }

    private static async Task<IEnumerable<string>> InsideAsync(string? name, CancellationToken cancellationToken)
    {
        string where = name is null ? "" : $" in namespace {name}";
        IReadOnlyList<IpLink> links = await Ip.LinksAsync(name, cancellationToken);
        IReadOnlyList<IpAddress> addresses = await Ip.AddressesAsync(name, cancellationToken);
        IReadOnlyList<IpRoute> routes = await Ip.RoutesAsync(name, cancellationToken);
        string rules = await RulesAsync(name, cancellationToken);
        return
        [
            .. links.Select(link => string.Create(CultureInfo.InvariantCulture,
                $"link {link.Name}{where} (index {link.Index}, {(link.Kind.Length > 0 ? link.Kind : "physical")}, {link.MacAddress}, mtu {link.Mtu}) {link.Alias}").TrimEnd()),
            .. addresses.Select(address => string.Create(CultureInfo.InvariantCulture,
                $"address {address.Local}/{address.PrefixLength} on {address.InterfaceName}{where}")),
            // Cached clones of IPv6 routes and multicast entries come and go by themselves with traffic.
            .. routes.Where(route => route.Type != "multicast").Select(route => string.Create(CultureInfo.InvariantCulture,
                $"route {route.Type} {route.Family} {route.Destination} via {route.Gateway ?? "-"} dev {route.InterfaceName} table {route.Table} metric {route.Metric}{where}")),
            .. RuleLines(rules).Select(rule => $"nftables{where}: {rule}"),
        ];
    }

    /// <summary>Without counters and other state that changes by itself.</summary>
    private static async Task<string> RulesAsync(string? name, CancellationToken cancellationToken)
    {
        string[] list = ["nft", "-s", "list", "ruleset"];
        HostCommandResult result = name is null
            ? await HostCommand.RunAsync(list[0], list[1..], cancellationToken: cancellationToken)
            : await HostCommand.RunAsync("nsenter", [$"--net={NetworkNamespace.PathOf(name)}", .. list], cancellationToken: cancellationToken);
        return result.Output;
    }

    /// <summary>Every rule with the table and chain it stands in, so that a line alone tells where to look.</summary>
    private static IEnumerable<string> RuleLines(string ruleset)
    {
        var context = new Stack<string>();
        foreach (string line in ruleset.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line == "}")
            {
                context.TryPop(out _);
                continue;
            }
            yield return string.Join(" > ", context.Reverse().Append(line.TrimEnd('{', ' ')));
            if (line.EndsWith('{'))
            {
                context.Push(line.TrimEnd('{', ' '));
            }
        }
    }
}
