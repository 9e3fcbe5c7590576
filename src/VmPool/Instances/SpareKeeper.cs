using Microsoft.Extensions.Logging;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Provisioning;

namespace VmPool.Instances;

/// <summary>
/// Keeps the configured number of spares: clones that wait, complete but for a request. They are unknown to the runner until
/// one is given away, and end with the plugin. One background task makes them and looks after them; whoever takes one wakes
/// it.
/// </summary>
/// <param name="options">How many.</param>
/// <param name="ports">Tell which image and template are the current ones.</param>
/// <param name="create">Makes a spare and tells it to its argument before anybody else can take its room; null where there is none.</param>
/// <param name="provisioner">Lives the lives of spares too.</param>
/// <param name="clock">For back-off.</param>
/// <param name="log">Failures.</param>
internal sealed class SpareKeeper(
    GroupOptions options, VmPorts ports, Func<Action<Instance>, Instance?> create, Provisioner provisioner, TimeProvider clock, ILogger log) : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly List<Instance> spares = [];
    private readonly WakeUp wakeUp = new(clock);
    private readonly BackOff backOff = new(FirstPause, LongestPause, clock);
    private readonly CancellationTokenSource ending = new();
    private Task keeping = Task.CompletedTask;

    /// <summary>All that use memory, disk and slots, or will.</summary>
    public IReadOnlyList<Instance> All()
    {
        lock (gate)
        {
            return [.. spares];
        }
    }

    /// <summary>Begins to keep spares, where some are configured.</summary>
    public void Start()
    {
        if (options.Spares > 0)
        {
            keeping = Task.Run(() => KeepAsync(ending.Token));
        }
    }

    /// <summary>
    /// Gives one away, a complete one if there is any, else one that is being made; it is the caller's from now on. One of
    /// another template than the current one is never given.
    /// </summary>
    /// <exception cref="LinuxHost.HostResourceException">The record cannot be written; the spare stays.</exception>
    public Instance? TryTake()
    {
        if (ports.Templates.Status is not { State: "ready", Key: var current })
        {
            return null;
        }
        lock (gate)
        {
            Instance? chosen = spares
                .Where(spare => spare.Record.TemplateKey == current && HasBegun(spare))
                .OrderByDescending(spare => spare.IsComplete)
                .FirstOrDefault(spare => spare.TryGive());
            if (chosen is not null)
            {
                spares.Remove(chosen);
                wakeUp.Ring();
            }
            return chosen;
        }
    }

    /// <summary>Ends those that still wait for their turn: they hold nothing yet, and what was asked for needs their room.</summary>
    public void GiveWay()
    {
        lock (gate)
        {
            foreach (Instance spare in spares.Where(spare => !HasBegun(spare)).ToArray())
            {
                if (spare.TryBecome(InstanceState.Deleting, "a requested instance needs its place"))
                {
                    spares.Remove(spare);
                    wakeUp.Ring();
                }
            }
        }
    }

    /// <summary>Makes no more of them. Those there are end with the provisioner.</summary>
    public async Task StopAsync()
    {
        await ending.CancelAsync();
        // Cancelled is how it ends; its failures have been logged.
        await keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => ending.Dispose();

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                NoteFailure(e.Message);
            }
            TimeSpan pause = backOff.Left;
            await wakeUp.SleepAsync(pause > TimeSpan.Zero && pause < LookEvery ? pause : LookEvery, cancellationToken);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        ImageGeneration image = await ports.Images.CurrentAsync(cancellationToken);
        Template? template = await ports.Templates.CurrentAsync(image, cancellationToken);
        Forget(template?.Key);
        // Without a template a spare would be a machine that boots for a minute and then idles: not what was asked for.
        int missing = options.Spares - All().Count(spare => spare.State is InstanceState.Creating);
        for (; template is not null && missing > 0 && backOff.Left == TimeSpan.Zero; missing--)
        {
            if (create(Add) is not { } spare)
            {
                return;
            }
            provisioner.Prepare(spare, wakeUp.Ring);
        }
    }

    private void Add(Instance spare)
    {
        lock (gate)
        {
            spares.Add(spare);
        }
    }

    // The slot is the first thing that a machine takes.
    private static bool HasBegun(Instance spare) => spare.Record.Slot is not null;

    /// <summary>Ends those of another template, and forgets those that are gone.</summary>
    private void Forget(string? current)
    {
        foreach (Instance spare in All())
        {
            bool isStale = spare.Record.TemplateKey is { Length: > 0 } key && key != current;
            if (isStale)
            {
                spare.TryBecome(InstanceState.Deleting, "its template is no longer the current one");
            }
            if (spare.State is InstanceState.Deleted)
            {
                lock (gate)
                {
                    spares.Remove(spare);
                }
                spare.Dispose();
                if (!isStale)
                {
                    NoteFailure(spare.Record.Failure);
                }
            }
        }
    }

    private void NoteFailure(string reason)
    {
        if (backOff.Fail())
        {
            log.SpareFailed(reason);
        }
    }
}
