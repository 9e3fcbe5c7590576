using LinuxHost;

namespace VmPool.Ports;

/// <summary>
/// A slot pool that can make slots before anybody needs one. A slot that is kept ready still counts as free, for every group
/// of the host: who finds no other one takes it over.
/// </summary>
public interface IReadySlots : ISlotPool
{
    /// <summary>Makes a slot and keeps it for the owner, who is no machine yet. Throws having left nothing behind.</summary>
    /// <exception cref="SlotsExhaustedException">No slot is free and rested: none is taken from anybody only to be kept ready.</exception>
    Task<NetworkSlot> PrepareAsync(string owner, CancellationToken cancellationToken);

    /// <summary>Gives a slot that is kept ready to the one who will use it. Takes about a millisecond.</summary>
    /// <returns>
    /// Absent when somebody took it over meanwhile, or when the host has changed since it was made, so that a new slot would be
    /// another one (MTU, egress interface, resolvers, addresses): its owner still has it then and releases it.
    /// </returns>
    Task<NetworkSlot?> TransferAsync(int number, string from, string to, CancellationToken cancellationToken);

    /// <summary>Looks at the host: whether the owner still has the slot, and a new one would be the same.</summary>
    /// <exception cref="HostRequirementException">The host lacks what slots need.</exception>
    /// <exception cref="HostCommandException">The host could not be asked.</exception>
    Task<bool> IsCurrentAsync(int number, string owner, CancellationToken cancellationToken);
}
