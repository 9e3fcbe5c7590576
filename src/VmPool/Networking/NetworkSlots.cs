using System.Diagnostics;
using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Recovery;

namespace VmPool.Networking;

/// <summary>
/// The slots of one group's subnet. A claim is there before the first device and until after the last rule, so whatever a
/// killed process leaves behind has a claim that leads to it, and <see cref="ReleaseAsync"/> finishes the work.
/// </summary>
public sealed partial class NetworkSlots : IReadySlots
{
    private const string HostLock = "host";
    private static readonly TimeSpan UndoTimeout = TimeSpan.FromSeconds(30);

    private readonly GroupOptions _options;
    private readonly ILogger _logger;
    private readonly SlotRange _range;
    private readonly RunDirectory _run;
    private readonly ClaimDirectory _claims;
    private readonly HostForwarding _forwarding;
    private readonly HostPolicy _policy;
    private readonly SlotDevices _devices;
    private int _saidNoIpv6;

    /// <summary>Nothing on the host is looked at or changed yet.</summary>
    /// <param name="options">Subnet and policy, valid.</param>
    /// <param name="logger">One line for each slot at debug.</param>
    /// <param name="clock">Decides how long released slots rest.</param>
    /// <param name="runDirectory">Where the host's plugin processes meet.</param>
    public NetworkSlots(GroupOptions options, ILogger logger, TimeProvider? clock = null, RunDirectory? runDirectory = null)
    {
        clock ??= TimeProvider.System;
        _options = options;
        _logger = logger;
        _range = new SlotRange(options.Network.Subnet);
        _run = runDirectory ?? new RunDirectory();
        _claims = new ClaimDirectory(_run.FullPath, clock);
        _forwarding = new HostForwarding(_run.FullPath);
        _policy = new HostPolicy(options.Network, clock);
        _devices = new SlotDevices(logger);
    }

    /// <inheritdoc/>
    public int Size => _range.Size;

    /// <inheritdoc/>
    public int CountFree() => _range.Size - _claims.CountUsed(_range);

    /// <inheritdoc/>
    public IReadOnlyList<SlotClaim> FindClaims(string group) =>
        [.. _claims.List().Where(claim => claim.Record.Group == group).Select(claim => new SlotClaim(claim.Number, claim.Record.Owner, new ProcessIdentity(claim.Record.Pid, claim.Record.StartTicks)))];

    /// <inheritdoc/>
    public async Task<int> MtuAsync(CancellationToken cancellationToken) => (await _policy.CurrentAsync(OldestPicture, cancellationToken)).Mtu;

    /// <inheritdoc/>
    public Task<NetworkSlot> AcquireAsync(string owner, CancellationToken cancellationToken) =>
        MakeAsync(owner, _claims.Claim, cancellationToken);

    /// <inheritdoc/>
    public async Task<NetworkSlot?> AdoptAsync(int number, string owner, CancellationToken cancellationToken)
    {
        SlotPlan plan = new(number);
        SlotPolicy policy = await _policy.CurrentAsync(cancellationToken);
        // Under the host's lock nobody frees the last slot, and with it the whole table, at the same time.
        using (await _run.LockAsync(HostLock, cancellationToken))
        {
            if (_claims.Read(number) is not { } claim || claim.Owner != owner || !SlotDevices.Exist(plan))
            {
                return null;
            }
            // The firewall's service may have been restarted since and have taken our table with everything else.
            await Nft.ApplyAsync(HostRules.Add(plan, policy), cancellationToken: cancellationToken);
            return Describe(plan, claim.Mtu);
        }
    }

    /// <inheritdoc/>
    public async Task DisconnectAsync(int number, string owner, CancellationToken cancellationToken)
    {
        SlotPlan plan = new(number);
        using (await _run.LockAsync(plan.Address.ToString(), cancellationToken))
        {
            if (_claims.Read(number)?.Owner == owner)
            {
                await SlotDevices.DisconnectAsync(plan, cancellationToken);
            }
        }
    }

    /// <inheritdoc/>
    public async Task ReleaseAsync(int number, string owner, CancellationToken cancellationToken)
    {
        SlotPlan plan = new(number);
        long start = Stopwatch.GetTimestamp();
        // Without this lock a second release of the same slot could still be deleting while the next owner builds.
        using (await _run.LockAsync(plan.Address.ToString(), cancellationToken))
        {
            if (_claims.Read(number)?.Owner != owner)
            {
                return;
            }
            await RemoveAsync(plan, cancellationToken);
            using (await _run.LockAsync(HostLock, cancellationToken))
            {
                // A slot that was only kept ready may have found a user meanwhile, who builds it anew when we are through.
                if (_claims.Read(number)?.Owner == owner)
                {
                    await FreeAsync(plan, cancellationToken);
                }
            }
        }
        Log.SlotRemoved(_logger, plan.Number, plan.Namespace, owner, (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private async Task<NetworkSlot> MakeAsync(string owner, Func<SlotRange, ClaimRecord, int> claim, CancellationToken cancellationToken)
    {
        CheckOwner(owner);
        long start = Stopwatch.GetTimestamp();
        SlotPolicy policy = await _policy.CurrentAsync(cancellationToken);
        SayOnceWhyNoIpv6(policy);
        SlotPlan plan;
        using (await _run.LockAsync(HostLock, cancellationToken))
        {
            plan = new(claim(_range, Describe(owner, policy)));
        }
        try
        {
            await BuildAsync(plan, policy, cancellationToken);
        }
        catch (Exception failure)
        {
            await UndoAsync(plan, owner, failure);
            throw;
        }
        Log.SlotUp(_logger, plan.Number, plan.Namespace, owner, (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        return Describe(plan, policy.Mtu);
    }

    private async Task BuildAsync(SlotPlan plan, SlotPolicy policy, CancellationToken cancellationToken)
    {
        using (await _run.LockAsync(plan.Address.ToString(), cancellationToken))
        {
            // A killed process has left it, or it was somebody's who kept it ready, with other rules than ours.
            if (NetworkNamespace.Exists(plan.Namespace))
            {
                Log.RemovingLeftovers(_logger, plan.Number, plan.Namespace);
                await RemoveAsync(plan, cancellationToken);
            }
            if (_options.Network.ManageSysctl)
            {
                using (await _run.LockAsync(HostLock, cancellationToken))
                {
                    IReadOnlyList<string> changed = _forwarding.SwitchOn(policy.EgressLink, policy.EgressLink6);
                    if (changed.Count > 0)
                    {
                        Log.ForwardingOn(_logger, string.Join(", ", changed));
                    }
                }
            }
            // Only the group's name: a slot that is kept ready does not know its instance yet.
            await SlotDevices.CreateAsync(plan, policy, _options.Name, cancellationToken);
        }
    }

    /// <remarks>
    /// The link first: while a guest could still send, our rules must be there to refuse. Then rules and namespace at the same
    /// time, because each is little more than the start of a program.
    /// </remarks>
    private async Task RemoveAsync(SlotPlan plan, CancellationToken cancellationToken)
    {
        await SlotDevices.DisconnectAsync(plan, cancellationToken);
        await Task.WhenAll(
            _devices.RemoveAsync(plan, cancellationToken),
            Nft.ApplyAsync(HostRules.Remove(plan), cancellationToken: cancellationToken));
    }

    // The claim goes last: until then an interrupted release can be found and repeated.
    private async Task FreeAsync(SlotPlan plan, CancellationToken cancellationToken)
    {
        if (_claims.AnyOther(plan.Number))
        {
            _claims.Free(plan.Number);
            return;
        }
        await Nft.ApplyAsync(HostRules.RemoveAll, cancellationToken: cancellationToken);
        _forwarding.Restore();
        _claims.RemoveEmpty();
    }

    private async Task UndoAsync(SlotPlan plan, string owner, Exception failure)
    {
        // The caller may have cancelled; the undo has its own deadline.
        using var deadline = new CancellationTokenSource(UndoTimeout);
        try
        {
            await ReleaseAsync(plan.Number, owner, deadline.Token);
        }
        catch (Exception undo) when (undo is HostResourceException or HostCommandException or IOException or OperationCanceledException)
        {
            throw new AggregateException(
                $"cannot make network slot {plan.Namespace} for {owner}, and undoing it failed too; its claim stays and the next release repeats the undo",
                failure, undo);
        }
    }

    private void SayOnceWhyNoIpv6(SlotPolicy policy)
    {
        if (policy.EgressLink6 is null && Interlocked.Exchange(ref _saidNoIpv6, 1) == 0)
        {
            Log.NoIpv6(_logger, policy.HasIpv6
                ? "the host has no IPv6 default route or does not forward IPv6 (set net.ipv6.conf.all.forwarding=1, or use Linux 6.17 or newer)"
                : "the host's kernel has none");
        }
    }

    // The owner becomes part of iproute2's batch lines.
    private static void CheckOwner(string owner)
    {
        if (owner.Length is 0 or > 100 || !owner.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
        {
            throw new ArgumentException($"slot owner \"{owner}\" is not made of letters, digits and dashes", nameof(owner));
        }
    }

    private ClaimRecord Describe(string owner, SlotPolicy policy) => new()
    {
        Owner = owner,
        Group = _options.Name,
        StateDirectory = _options.StateDirectory,
        BootId = ProcessTable.BootId,
        Pid = Environment.ProcessId,
        StartTicks = ProcessTable.StartTicks(Environment.ProcessId),
        Mtu = policy.Mtu,
        Policy = policy.Fingerprint(),
    };

    private static NetworkSlot Describe(SlotPlan plan, int mtu) => new(plan.Number, plan.Address, plan.Namespace, mtu, plan.UserId);
}
