using System.Globalization;
using System.Net;
using LinuxHost;

namespace VmPool.Networking;

/// <summary>
/// Does once, in a namespace of its own, what every slot will do. In a container or under a small kernel no file tells
/// beforehand whether namespaces, TAP devices and each kind of rule are allowed.
/// </summary>
internal static class HostTrial
{
    private const string Prefix = "vmpool-trial-";

    /// <summary>One sentence for each thing that this host does not let us do.</summary>
    public static async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        // Not one of a slot's names, and no two processes' alike.
        string name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}");
        var faults = new List<string>();
        try
        {
            foreach (string leftover in NetworkNamespace.List().Where(IsLeftover))
            {
                await NetworkNamespace.DeleteAsync(leftover, cancellationToken);
            }
            await NetworkNamespace.CreateAsync(name, cancellationToken);
            await TryAsync(faults, "make a TAP device (is the module tun there, may this container use it?)",
                () => Ip.BatchAsync(["tuntap add dev tap0 mode tap vnet_hdr"], name, cancellationToken));
            var plan = new SlotPlan(SlotPlan.NumberOf(IPAddress.Parse("192.0.2.1"))!.Value);
            var policy = new SlotPolicy
            {
                EgressLink = "lo",
                Mtu = 1500,
                HasIpv6 = HostForwarding.HasIpv6,
                Subnet = IPNetwork.Parse("192.0.2.0/24"),
                Resolvers = [IPAddress.Parse("192.0.2.3")],
                HostAddresses = [],
                Allow = [],
            };
            await TryAsync(faults, "load nftables rules (does the kernel have nf_tables with nat, reject and ct?)",
                () => Nft.ApplyAsync(SlotRules.Write(plan, policy) + HostRules.Add(plan, policy), name, cancellationToken));
        }
        catch (Exception e) when (e is HostCommandException or HostResourceException)
        {
            faults.Add($"this host does not let us make network namespaces (inside a container without rights?): {e.Message}");
        }
        finally
        {
            await NetworkNamespace.DeleteAsync(name, CancellationToken.None);
        }
        return faults;
    }

    /// <summary>Whether the trial of a killed process left this; one of our own pid is by an earlier process that had it.</summary>
    private static bool IsLeftover(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal)
        && int.TryParse(name[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
        && (pid == Environment.ProcessId || ProcessTable.Identify(pid) is null);

    private static async Task TryAsync(List<string> faults, string what, Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception e) when (e is HostCommandException or HostResourceException)
        {
            faults.Add($"this host does not let us {what}: {e.Message}");
        }
    }
}
