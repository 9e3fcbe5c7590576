using System.Net;
using LinuxHost;
using VmPool.Options;

namespace VmPool.Networking;

/// <summary>What is wrong with this host for our networking.</summary>
/// <param name="Faults">Each forbids to start; one sentence with its remedy.</param>
/// <param name="Warnings">Each needs the operator's eye.</param>
public sealed record HostNetworkReport(IReadOnlyList<string> Faults, IReadOnlyList<string> Warnings);

/// <summary>Looks at the host before the first slot and finds everything at once. Takes some tens of milliseconds.</summary>
public static class HostNetworkChecks
{
    private const string TunDevice = "/dev/net/tun";

    private static readonly (string Program, string Package)[] Programs = [("ip", "iproute2"), ("nft", "nftables"), ("nsenter", "util-linux")];

    /// <summary>Finds all faults and warnings. Leaves nothing behind.</summary>
    public static async Task<HostNetworkReport> ValidateAsync(NetworkOptions options, CancellationToken cancellationToken)
    {
        var faults = new List<string>();
        faults.AddRange(Programs.Where(tool => ProgramPath.TryFind(tool.Program) is null)
            .Select(tool => $"the program {tool.Program} is missing; install it: apt-get install {tool.Package}"));
        if (HostRights.Fault() is { } right)
        {
            faults.Add(right);
        }
        if (!File.Exists(TunDevice))
        {
            faults.Add($"{TunDevice} is missing; load the module tun (modprobe tun), in a container pass the device in");
        }
        if (options.Dns.Count == 0 && HostResolvers.Read().Count == 0)
        {
            faults.Add(HostPolicy.ResolverFault);
        }
        if (ProgramPath.TryFind("ip") is not null)
        {
            faults.AddRange(JudgeNetwork(await HostNetwork.ReadAsync(cancellationToken), options));
        }
        var warnings = new List<string>();
        // Without rights or programs a trial would only repeat the fault in other words.
        if (faults.Count == 0)
        {
            faults.AddRange(await HostTrial.RunAsync(cancellationToken));
            warnings.AddRange(ForeignFirewall.Judge(await Nft.ListRulesetAsync(cancellationToken: cancellationToken)));
        }
        return new HostNetworkReport(faults, warnings);
    }

    /// <summary>The faults that follow from the host's interfaces and routes.</summary>
    internal static IEnumerable<string> JudgeNetwork(HostNetwork host, NetworkOptions options)
    {
        foreach (HostAddress entry in host.Addresses.Where(entry => !SlotPlan.IsHostLink(entry.Link)))
        {
            if (options.Subnet.Contains(entry.Address))
            {
                yield return $"vm_subnet {options.Subnet} contains {entry.Address}, an address of this host's interface {entry.Link}; choose a free subnet";
            }
        }
        foreach (HostRoute route in host.Routes.Where(route => !SlotPlan.IsHostLink(route.Link)))
        {
            // A wider route, like 10.0.0.0/8 through a gateway, loses against our /31s and may stay.
            if (route.Destination.PrefixLength >= options.Subnet.PrefixLength && options.Subnet.Contains(route.Destination.BaseAddress))
            {
                yield return $"this host has a route to {route.Destination}{(route.Link.Length > 0 ? $" by {route.Link}" : "")} inside vm_subnet {options.Subnet}; choose a free subnet";
            }
        }
        foreach (IPAddress resolver in options.Dns.Where(GuestNetwork.Network.Contains))
        {
            yield return $"network.dns {resolver} lies in {GuestNetwork.Network}, which every guest uses for itself; choose another resolver address";
        }
        string? egressFault = null;
        try
        {
            EgressInterface egress = EgressInterface.Resolve(host, options.EgressInterface);
            if (!options.ManageSysctl && !HostForwarding.IsOn(egress.Link))
            {
                egressFault = HostPolicy.ForwardingFault(egress.Link);
            }
        }
        catch (HostRequirementException e)
        {
            egressFault = e.Message;
        }
        if (egressFault is not null)
        {
            yield return egressFault;
        }
    }
}
