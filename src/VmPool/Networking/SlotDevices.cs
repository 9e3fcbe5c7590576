using System.Globalization;
using LinuxHost;
using Microsoft.Extensions.Logging;

namespace VmPool.Networking;

/// <summary>
/// Makes and removes what one slot consists of in the kernel. Three programs make it: one batch of <c>ip</c> on the host,
/// then, at the same time, one batch and one rule set inside and one rule set on the host.
/// <code>
///   host: vmp0ad20003 10.210.0.2 ══ veth ══ ext0 10.210.0.3 :slot: tap0 10.255.255.1 ── guest 10.255.255.2
/// </code>
/// No address is ever looked up on these links: all MAC addresses are fixed and all neighbours permanent, because a lost
/// first lookup costs a whole second.
/// </summary>
internal sealed class SlotDevices(ILogger logger)
{
    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Makes the slot. What a failure leaves behind is removed by <see cref="RemoveAsync"/>.</summary>
    public static async Task CreateAsync(SlotPlan plan, SlotPolicy policy, string alias, CancellationToken cancellationToken)
    {
        await Ip.BatchAsync(HostBatch(plan, policy, alias), cancellationToken: cancellationToken);
        // nft needs no interface to exist; all are awaited even if one fails, so that nothing happens after the undo.
        await Task.WhenAll(
            FillAsync(plan, policy, cancellationToken),
            Nft.ApplyAsync(SlotRules.Write(plan, policy), plan.Namespace, cancellationToken),
            Nft.ApplyAsync(HostRules.Add(plan, policy), cancellationToken: cancellationToken));
        HostForwarding.SwitchOnOwn(plan.HostLink);
    }

    /// <summary>Removes the link between host and slot, if it is there: from then on nothing leaves the slot.</summary>
    /// <exception cref="HostResourceException">It would not go.</exception>
    public static async Task DisconnectAsync(SlotPlan plan, CancellationToken cancellationToken)
    {
        // By name: with its namespace it would vanish some milliseconds after the command.
        if (LinkExists(plan.HostLink))
        {
            await Ip.BatchAsync([$"link delete {plan.HostLink}"], cancellationToken: cancellationToken);
        }
        if (LinkExists(plan.HostLink))
        {
            throw new HostResourceException($"the interface {plan.HostLink} is still there after it was deleted");
        }
    }

    /// <summary>Removes processes and namespace of a slot that is disconnected, whichever are there. The host's rules are not touched.</summary>
    /// <exception cref="HostResourceException">Something would not go; names it.</exception>
    public async Task RemoveAsync(SlotPlan plan, CancellationToken cancellationToken)
    {
        if (NetworkNamespace.InodeOf(plan.Namespace) is { } inode)
        {
            await EndProcessesAsync(plan, inode, cancellationToken);
        }
        await NetworkNamespace.DeleteAsync(plan.Namespace, cancellationToken);
    }

    /// <summary>Whether namespace and host link are both there.</summary>
    public static bool Exist(SlotPlan plan) => NetworkNamespace.InodeOf(plan.Namespace) is not null && LinkExists(plan.HostLink);

    internal static IReadOnlyList<string> HostBatch(SlotPlan plan, SlotPolicy policy, string alias)
    {
        List<string> lines =
        [
            $"netns add {plan.Namespace}",
            Invariant($"link add {plan.HostLink} mtu {policy.Mtu} address {SlotPlan.HostMac} type veth peer name {SlotPlan.SlotLink} mtu {policy.Mtu} address {SlotPlan.SlotMac} netns {plan.Namespace}"),
            // No link-local address of its own: nobody talks to it and duplicate detection would only cost time.
            $"link set {plan.HostLink} alias {alias} addrgenmode none",
            $"address add {plan.HostAddress}/31 dev {plan.HostLink}",
            $"link set {plan.HostLink} up",
            $"neighbour add {plan.Address} lladdr {SlotPlan.SlotMac} dev {plan.HostLink} nud permanent",
        ];
        if (policy.HasIpv6)
        {
            lines.Add($"address add {plan.HostAddress6}/127 dev {plan.HostLink} nodad");
            lines.Add($"neighbour add {plan.Address6} lladdr {SlotPlan.SlotMac} dev {plan.HostLink} nud permanent");
        }
        return lines;
    }

    internal static IReadOnlyList<string> SlotBatch(SlotPlan plan, SlotPolicy policy)
    {
        List<string> lines =
        [
            "link set lo up",
            $"link set {SlotPlan.SlotLink} addrgenmode none",
            $"address add {plan.Address}/31 dev {SlotPlan.SlotLink}",
            $"link set {SlotPlan.SlotLink} up",
            $"neighbour add {plan.HostAddress} lladdr {SlotPlan.HostMac} dev {SlotPlan.SlotLink} nud permanent",
            $"route add default via {plan.HostAddress}",
            Invariant($"tuntap add dev {SlotPlan.TapLink} mode tap user {plan.UserId} vnet_hdr"),
            Invariant($"link set {SlotPlan.TapLink} address {GuestNetwork.GatewayMac} mtu {policy.Mtu} addrgenmode none"),
            Invariant($"address add {GuestNetwork.Gateway}/{GuestNetwork.PrefixLength} dev {SlotPlan.TapLink}"),
            $"link set {SlotPlan.TapLink} up",
            $"neighbour add {GuestNetwork.Address} lladdr {GuestNetwork.GuestMac} dev {SlotPlan.TapLink} nud permanent",
        ];
        if (policy.HasIpv6)
        {
            lines.AddRange(
            [
                $"address add {plan.Address6}/127 dev {SlotPlan.SlotLink} nodad",
                $"neighbour add {plan.HostAddress6} lladdr {SlotPlan.HostMac} dev {SlotPlan.SlotLink} nud permanent",
                $"route add default via {plan.HostAddress6} dev {SlotPlan.SlotLink}",
                Invariant($"address add {GuestNetwork.Gateway6}/{GuestNetwork.PrefixLength6} dev {SlotPlan.TapLink} nodad"),
                $"neighbour add {GuestNetwork.Address6} lladdr {GuestNetwork.GuestMac} dev {SlotPlan.TapLink} nud permanent",
            ]);
        }
        return lines;
    }

    private static async Task FillAsync(SlotPlan plan, SlotPolicy policy, CancellationToken cancellationToken)
    {
        // Before the links come up, so that no router advertisement is ever listened to.
        await NetworkNamespace.RunInsideAsync(plan.Namespace, () =>
        {
            Sysctl.Write("net.ipv4.ip_forward", "1");
            if (policy.HasIpv6)
            {
                foreach (string scope in new[] { "all", "default", SlotPlan.SlotLink })
                {
                    Sysctl.Write($"net.ipv6.conf.{scope}.disable_ipv6", "0");
                    Sysctl.Write($"net.ipv6.conf.{scope}.accept_ra", "0");
                }
                Sysctl.Write("net.ipv6.conf.all.forwarding", "1");
            }
            return true;
        });
        await Ip.BatchAsync(SlotBatch(plan, policy), plan.Namespace, cancellationToken);
    }

    private async Task EndProcessesAsync(SlotPlan plan, ulong inode, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(KillTimeout);
        IReadOnlyList<ProcessIdentity> left = ProcessTable.FindInNetworkNamespace(inode);
        try
        {
            // More than one round: a process may have started another one while it was being ended.
            for (; left.Count > 0; left = ProcessTable.FindInNetworkNamespace(inode))
            {
                Log.KillingLeftovers(logger, plan.Number, plan.Namespace, string.Join(", ", left.Select(process => process.Pid)));
                foreach (ChildProcess process in left.Select(ChildProcess.Watch).OfType<ChildProcess>())
                {
                    process.Kill();
                    await process.Exited.WaitAsync(deadline.Token);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HostResourceException(Invariant(
                $"processes {string.Join(", ", left.Select(process => process.Pid))} in {plan.Namespace} did not end within {KillTimeout.TotalSeconds} s of SIGKILL"));
        }
    }

    // Not /sys/class/net: that shows the namespace of whoever mounted it.
    private static bool LinkExists(string name) =>
        File.ReadLines("/proc/net/dev").Any(line => line.TrimStart().StartsWith(name + ":", StringComparison.Ordinal));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
