using System.Net;
using VmPool.Ports;

namespace VmPool.Simulated;

/// <summary>Numbers without namespaces. The addresses are those of TEST-NET-2 (RFC 5737): nobody answers there.</summary>
internal sealed class SimulatedSlots(int size, Faults faults) : ISlotPool
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<int, string> claims = [];

    public int Size => size;

    public int CountFree()
    {
        lock (gate)
        {
            return size - claims.Count;
        }
    }

    public Task<int> MtuAsync(CancellationToken cancellationToken) => Task.FromResult(1500);

    public Task<NetworkSlot> AcquireAsync(string owner, CancellationToken cancellationToken)
    {
        faults.At("slot");
        lock (gate)
        {
            int number = Enumerable.Range(0, size).FirstOrDefault(n => !claims.ContainsKey(n), -1);
            if (number < 0)
            {
                throw new SlotsExhaustedException($"all {size} simulated slots are claimed");
            }
            claims.Add(number, owner);
            var address = new IPAddress([198, 51, 100, (byte)(number & 0xff)]);
            return Task.FromResult(new NetworkSlot(number, address, $"simulated-{number}", Mtu: 1500, UserId: 0));
        }
    }

    public Task<NetworkSlot?> AdoptAsync(int number, string owner, CancellationToken cancellationToken) =>
        Task.FromResult<NetworkSlot?>(null);

    public Task DisconnectAsync(int number, string owner, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ReleaseAsync(int number, string owner, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (claims.TryGetValue(number, out string? holder) && holder == owner)
            {
                claims.Remove(number);
            }
        }
        return Task.CompletedTask;
    }

    public IReadOnlyList<SlotClaim> FindClaims(string group)
    {
        lock (gate)
        {
            return [.. claims.Select(claim => new SlotClaim(claim.Key, claim.Value, default))];
        }
    }
}
