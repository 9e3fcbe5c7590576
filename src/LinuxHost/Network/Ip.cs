using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace LinuxHost;

/// <summary>
/// Links, addresses and routes through iproute2, which asks the kernel by netlink. /sys/class/net is never read: it shows
/// the namespace of whoever mounted it, which need not be ours.
/// </summary>
public static partial class Ip
{
    /// <summary>
    /// Runs many `ip` commands in one process (each line without the leading "ip"). The first failing line ends the batch;
    /// the lines before it have taken effect.
    /// </summary>
    /// <param name="lines">For example "link set lo up".</param>
    /// <param name="namespaceName">Where to run them; null for our own namespace.</param>
    /// <param name="cancellationToken">Ends the program.</param>
    /// <exception cref="HostResourceException">A line failed; the text holds its number, the line and the kernel's answer.</exception>
    /// <exception cref="HostCommandException">`ip` is missing or did not end.</exception>
    public static async Task BatchAsync(IReadOnlyList<string> lines, string? namespaceName = null, CancellationToken cancellationToken = default)
    {
        if (lines.FirstOrDefault(line => line.Contains('\n', StringComparison.Ordinal)) is { } bad)
        {
            throw new ArgumentException($"a batch line holds a line break: {bad.ReplaceLineEndings("\\n")}", nameof(lines));
        }
        var options = new HostCommandOptions { Input = string.Join('\n', lines) + "\n" };
        try
        {
            await HostCommand.RunAsync("ip", [.. Inside(namespaceName), "-batch", "-"], options, cancellationToken);
        }
        catch (HostCommandException e) when (e.ExitCode is not null && FailedLine().Match(e.ErrorOutput) is { Success: true } match)
        {
            int number = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            string reason = string.Join(" | ", e.ErrorOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Where(line => !FailedLine().IsMatch(line)));
            string line = number >= 1 && number <= lines.Count ? lines[number - 1] : "?";
            throw new HostResourceException(string.Create(CultureInfo.InvariantCulture,
                $"`ip {line}` (line {number} of {lines.Count}{(namespaceName is null ? "" : $", namespace {namespaceName}")}) failed: {reason}"), e);
        }
    }

    /// <summary>All network devices.</summary>
    public static async Task<IReadOnlyList<IpLink>> LinksAsync(string? namespaceName = null, CancellationToken cancellationToken = default) =>
        await QueryAsync(["-details", "link", "show"], namespaceName, IpJsonContext.Default.IpLinkArray, cancellationToken);

    /// <summary>All addresses of both families.</summary>
    public static async Task<IReadOnlyList<IpAddress>> AddressesAsync(string? namespaceName = null, CancellationToken cancellationToken = default)
    {
        IpInterfaceEntry[] entries = await QueryAsync(["address", "show"], namespaceName, IpJsonContext.Default.IpInterfaceEntryArray, cancellationToken);
        return [.. entries.SelectMany(entry => (entry.Addresses ?? []).Where(address => address.Local.Length > 0)
            .Select(address => new IpAddress(entry.InterfaceName, address.Local, address.PrefixLength, address.Family, address.Scope)))];
    }

    /// <summary>The routes of both families, of all tables.</summary>
    public static async Task<IReadOnlyList<IpRoute>> RoutesAsync(string? namespaceName = null, CancellationToken cancellationToken = default)
    {
        IpRoute[] four = await QueryAsync(["-4", "route", "show", "table", "all"], namespaceName, IpJsonContext.Default.IpRouteArray, cancellationToken);
        IpRoute[] six = await QueryAsync(["-6", "route", "show", "table", "all"], namespaceName, IpJsonContext.Default.IpRouteArray, cancellationToken);
        return [.. four.Select(route => route with { Family = "inet" }), .. six.Select(route => route with { Family = "inet6" })];
    }

    private static async Task<T[]> QueryAsync<T>(
        string[] query, string? namespaceName, JsonTypeInfo<T[]> type, CancellationToken cancellationToken)
    {
        HostCommandResult result = await HostCommand.RunAsync(
            "ip", [.. Inside(namespaceName), "-json", .. query], cancellationToken: cancellationToken);
        // Nothing to show is nothing at all in some versions, and "[{}]" style holes in others.
        return string.IsNullOrWhiteSpace(result.Output) ? [] : JsonSerializer.Deserialize(result.Output, type) ?? [];
    }

    private static string[] Inside(string? namespaceName) => namespaceName is null ? [] : ["-netns", namespaceName];

    [GeneratedRegex(@"^Command failed \S*:(\d+)", RegexOptions.Multiline)]
    private static partial Regex FailedLine();
}
