using VmPool.Ports;

namespace VmPool.Networking;

/// <content>Slots that are made before anybody needs them.</content>
public sealed partial class NetworkSlots
{
    /// <summary>
    /// How old our picture of the host may be when a clone is asked for: neither its template nor its ready slot waits for a new one. Whoever keeps slots ready looks at them more
    /// often than that, see <see cref="IsCurrentAsync"/>.
    /// </summary>
    private static readonly TimeSpan OldestPicture = TimeSpan.FromSeconds(60);

    /// <inheritdoc/>
    public async Task<NetworkSlot> PrepareAsync(string owner, CancellationToken cancellationToken)
    {
        NetworkSlot slot = await MakeAsync(owner, _claims.ClaimSpare, cancellationToken);
        try
        {
            using (await _run.LockAsync(HostLock, cancellationToken))
            {
                _claims.MarkReady(slot.Number);
            }
        }
        catch (Exception failure)
        {
            await UndoAsync(new SlotPlan(slot.Number), owner, failure);
            throw;
        }
        return slot;
    }

    /// <inheritdoc/>
    public async Task<NetworkSlot?> TransferAsync(int number, string from, string to, CancellationToken cancellationToken)
    {
        CheckOwner(to);
        SlotPolicy policy = await _policy.CurrentAsync(OldestPicture, cancellationToken);
        using (await _run.LockAsync(HostLock, cancellationToken))
        {
            return _claims.Read(number)?.Policy == policy.Fingerprint() && _claims.Transfer(number, from, record => record with { Owner = to })
                ? Describe(new SlotPlan(number), policy.Mtu)
                : null;
        }
    }

    /// <inheritdoc/>
    public async Task<bool> IsCurrentAsync(int number, string owner, CancellationToken cancellationToken)
    {
        SlotPolicy policy = await _policy.CurrentAsync(cancellationToken);
        return _claims.Read(number) is { } claim && claim.Owner == owner && claim.Policy == policy.Fingerprint() && SlotDevices.Exist(new SlotPlan(number));
    }
}
