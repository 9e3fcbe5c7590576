using System.Net;
using LinuxHost;

namespace VmPool.Ports;

/// <summary>
/// Hands out network slots. A slot is one network namespace with a TAP device for the guest, a route to it from the host
/// and the policy around it. Slots are claimed host-wide: several groups and processes may share one subnet.
/// </summary>
public interface ISlotPool
{
    /// <summary>How many slots the subnet has in all; a pure function of the configuration.</summary>
    int Size { get; }

    /// <summary>How many could be claimed now, those included that are only kept ready; other groups of the host may be faster.</summary>
    int CountFree();

    /// <summary>MTU that a slot has which is made now: that of the egress interface.</summary>
    Task<int> MtuAsync(CancellationToken cancellationToken);

    /// <summary>Claims a free slot for the owner and brings its namespace up. Throws having left nothing behind.</summary>
    /// <exception cref="SlotsExhaustedException">Every slot is claimed.</exception>
    Task<NetworkSlot> AcquireAsync(string owner, CancellationToken cancellationToken);

    /// <summary>Takes a slot over that the owner claimed in an earlier process; absent when the claim or the namespace is gone.</summary>
    Task<NetworkSlot?> AdoptAsync(int number, string owner, CancellationToken cancellationToken);

    /// <summary>
    /// The first part of a release: nothing reaches the guest or leaves it from now on. Needs nobody's end, so it may run while
    /// the guest's machine ends. Idempotent; does nothing when somebody else owns the claim.
    /// </summary>
    Task DisconnectAsync(int number, string owner, CancellationToken cancellationToken);

    /// <summary>
    /// Removes the slot's devices, namespace and rules, then its claim. Idempotent; finishes what an interrupted
    /// acquisition or release has left. Does nothing when somebody else owns the claim.
    /// </summary>
    Task ReleaseAsync(int number, string owner, CancellationToken cancellationToken);

    /// <summary>The group's claims on this host (its owners' names start with the group's and a dash).</summary>
    IReadOnlyList<SlotClaim> FindClaims(string group);
}

/// <summary>One claimed slot.</summary>
/// <param name="Number">Host-wide number; every name of the slot is derived from it.</param>
/// <param name="Address">Where the host reaches the guest.</param>
/// <param name="Namespace">Name of the network namespace.</param>
/// <param name="Mtu">MTU of the guest's link, that of the egress interface.</param>
/// <param name="UserId">Unprivileged user of this slot's hypervisor process; no two live machines share one.</param>
public sealed record NetworkSlot(int Number, IPAddress Address, string Namespace, int Mtu, uint UserId);

/// <summary>Who holds a slot.</summary>
/// <param name="Number">The slot.</param>
/// <param name="Owner">An instance's id, that of an image build (<c>GROUP-image-…</c>), or a slot that is only kept ready (<c>GROUP-ready-…</c>).</param>
/// <param name="ClaimedBy">The process that made the claim; an instance outlives it, everything else does not.</param>
public sealed record SlotClaim(int Number, string Owner, ProcessIdentity ClaimedBy);
