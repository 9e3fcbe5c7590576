using Microsoft.Extensions.Logging;
using VmPool.Networking;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Provisioning;

/// <summary>
/// Keeps a few network slots ready, so that a request gets one in a millisecond instead of some tens of them. As many as may
/// start at once and four more: then a burst is served before the first of them has to be replaced. They are replaced one
/// after the other in the background, and while there are enough for the next starts only once nobody has asked for two
/// seconds: making one takes CPU time from machines that are starting. With none ready a request makes its own.
/// </summary>
/// <remarks>
/// A ready slot is free for everybody (<see cref="IReadySlots"/>), so a small subnet that several groups share is nobody's
/// loss. Its claim names this process: what a killed one leaves, or one that had no time to end, the group's next start or
/// <c>gc</c> releases.
/// </remarks>
public sealed class SlotReserve : ISlotPool, IAsyncDisposable
{
    private const int MoreThanStarts = 4;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly IReadySlots slots;
    private readonly TimeProvider clock;
    private readonly ILogger log;
    private readonly string group;
    private readonly int parallelStarts;
    private readonly int mostUsed;
    private readonly WakeUp wakeUp;
    private readonly BackOff backOff;
    private readonly CancellationTokenSource ending = new();
    private readonly Lock gate = new();
    private readonly List<ReadySlot> ready = [];
    private readonly List<ReadySlot> unfit = [];
    private readonly HashSet<int> used = [];
    private DateTimeOffset quietFrom;
    private DateTimeOffset nextTry;
    private DateTimeOffset nextLook;
    private Task keeping = Task.CompletedTask;

    /// <summary>Nothing is made before <see cref="Start"/>.</summary>
    public SlotReserve(IReadySlots slots, GroupOptions options, TimeProvider clock, ILogger log)
    {
        this.slots = slots;
        this.clock = clock;
        this.log = log;
        group = options.Name;
        parallelStarts = options.ParallelStarts ?? Environment.ProcessorCount;
        mostUsed = Math.Min(options.MaxVms ?? int.MaxValue, slots.Size);
        wakeUp = new WakeUp(clock);
        backOff = new BackOff(FirstPause, LongestPause, clock);
    }

    /// <inheritdoc/>
    public int Size => slots.Size;

    /// <inheritdoc/>
    public int CountFree() => slots.CountFree();

    /// <inheritdoc/>
    public IReadOnlyList<SlotClaim> FindClaims(string group) => slots.FindClaims(group);

    /// <inheritdoc/>
    public Task<int> MtuAsync(CancellationToken cancellationToken) => slots.MtuAsync(cancellationToken);

    /// <summary>Begins to keep slots ready.</summary>
    public void Start() => keeping = Task.Run(() => KeepAsync(ending.Token));

    /// <inheritdoc/>
    public async Task<NetworkSlot> AcquireAsync(string owner, CancellationToken cancellationToken)
    {
        NetworkSlot slot = await TakeAsync(owner, cancellationToken) ?? await slots.AcquireAsync(owner, cancellationToken);
        lock (gate)
        {
            used.Add(slot.Number);
        }
        return slot;
    }

    /// <inheritdoc/>
    public async Task<NetworkSlot?> AdoptAsync(int number, string owner, CancellationToken cancellationToken)
    {
        NetworkSlot? slot = await slots.AdoptAsync(number, owner, cancellationToken);
        if (slot is not null)
        {
            lock (gate)
            {
                used.Add(number);
            }
        }
        return slot;
    }

    /// <inheritdoc/>
    public Task DisconnectAsync(int number, string owner, CancellationToken cancellationToken) => slots.DisconnectAsync(number, owner, cancellationToken);

    /// <inheritdoc/>
    public async Task ReleaseAsync(int number, string owner, CancellationToken cancellationToken)
    {
        await slots.ReleaseAsync(number, owner, cancellationToken);
        lock (gate)
        {
            used.Remove(number);
        }
    }

    /// <summary>Releases what is ready. The caller bounds the wait; the next start of the group finds the rest.</summary>
    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        // Its failures are in the log already.
        await keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (gate)
        {
            unfit.AddRange(ready);
            ready.Clear();
        }
        await ReleaseUnfitAsync(CancellationToken.None);
        ending.Dispose();
    }

    private async Task<NetworkSlot?> TakeAsync(string owner, CancellationToken cancellationToken)
    {
        while (TryTake() is { } taken)
        {
            NetworkSlot? slot = null;
            try
            {
                slot = await slots.TransferAsync(taken.Number, taken.Owner, owner, cancellationToken);
            }
            finally
            {
                if (slot is null)
                {
                    lock (gate)
                    {
                        // To be released, which does nothing when it is somebody else's by now.
                        unfit.Add(taken);
                    }
                }
                wakeUp.Ring();
            }
            if (slot is not null)
            {
                return slot;
            }
        }
        return null;
    }

    private ReadySlot? TryTake()
    {
        lock (gate)
        {
            quietFrom = clock.GetUtcNow() + Quiet;
            if (ready.Count == 0)
            {
                return null;
            }
            ReadySlot first = ready[0];
            ready.RemoveAt(0);
            return first;
        }
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await ReleaseUnfitAsync(cancellationToken);
            DateTimeOffset now = clock.GetUtcNow();
            if (now >= nextLook)
            {
                nextLook = now + LookEvery;
                await LookAsync(cancellationToken);
            }
            else if (NextDue() is var due && due > now)
            {
                await wakeUp.SleepAsync(due - now, cancellationToken);
            }
            else
            {
                await PrepareAsync(cancellationToken);
            }
        }
    }

    private DateTimeOffset NextDue()
    {
        lock (gate)
        {
            int wanted = Math.Min(parallelStarts + MoreThanStarts, mostUsed - used.Count);
            if (ready.Count >= wanted)
            {
                return nextLook;
            }
            DateTimeOffset due = ready.Count >= parallelStarts && quietFrom > nextTry ? quietFrom : nextTry;
            return due < nextLook ? due : nextLook;
        }
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        string owner = ReadyOwner.Create(group);
        try
        {
            NetworkSlot slot = await slots.PrepareAsync(owner, cancellationToken);
            lock (gate)
            {
                ready.Add(new ReadySlot(slot.Number, owner));
            }
            log.SlotReady(slot.Number);
        }
        catch (SlotsExhaustedException)
        {
            // Whoever needs one of the last gets it; there may be more another time.
            nextTry = nextLook;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Fail(e);
        }
    }

    /// <summary>The host changes: an interface gets another MTU, a resolver another address. What was made before is of no use then.</summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        ReadySlot[] all;
        lock (gate)
        {
            all = [.. ready];
        }
        try
        {
            foreach (ReadySlot slot in all)
            {
                if (!await slots.IsCurrentAsync(slot.Number, slot.Owner, cancellationToken))
                {
                    lock (gate)
                    {
                        // One that has found its user meanwhile is not ours to release.
                        if (ready.Remove(slot))
                        {
                            unfit.Add(slot);
                        }
                    }
                }
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Fail(e);
        }
    }

    private async Task ReleaseUnfitAsync(CancellationToken cancellationToken)
    {
        ReadySlot[] all;
        lock (gate)
        {
            all = [.. unfit];
        }
        await Task.WhenAll(all.Select(async slot =>
        {
            try
            {
                await slots.ReleaseAsync(slot.Number, slot.Owner, cancellationToken);
                lock (gate)
                {
                    unfit.Remove(slot);
                }
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // It stays in the list, and its claim on the host.
                Fail(e);
            }
        }));
    }

    private void Fail(Exception error)
    {
        lock (gate)
        {
            if (backOff.Fail())
            {
                log.SlotsNotKeptReady(error);
            }
            nextTry = clock.GetUtcNow() + backOff.Left;
        }
    }

    private sealed record ReadySlot(int Number, string Owner);
}
