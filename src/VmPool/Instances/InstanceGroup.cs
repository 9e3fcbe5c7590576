using System.Globalization;
using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Keys;
using VmPool.Options;
using VmPool.Provisioning;
using VmPool.Recovery;
using VmPool.Storage;

namespace VmPool.Instances;

/// <summary>
/// The pool of one plugin process. Every method answers from memory; all work happens in the background. Thread-safe: the
/// runner calls Accept, Remove and List one at a time, but Connect and CheckAsync from anywhere at any time.
/// </summary>
public sealed class InstanceGroup : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Instance> instances = [];
    private readonly GroupOptions options;
    private readonly VmPorts ports;
    private readonly InstanceRecords records;
    private readonly VmTeardown teardown;
    private readonly InstanceFactory factory;
    private readonly Provisioner provisioner;
    private readonly Capacity capacity;
    private readonly SpareKeeper spares;
    private readonly List<Task> reclaimed = [];
    private readonly TimeProvider clock;
    private readonly ILogger log;

    private InstanceGroup(GroupOptions options, LoginCredentials credentials, VmPorts ports, TimeProvider clock, ILogger log)
    {
        this.options = options;
        this.ports = ports;
        this.clock = clock;
        this.log = log;
        records = new InstanceRecords(options.GroupStateDirectory);
        teardown = new VmTeardown(options, ports, records);
        factory = new InstanceFactory(options, ports.Hypervisor, teardown, records, clock, log);
        capacity = new Capacity(options, ports);
        provisioner = new Provisioner(options, ports, new VmFactory(options, credentials, ports), clock, log);
        spares = new SpareKeeper(options, ports, TryCreateSpare, provisioner, clock, log);
    }

    /// <summary>Most instances this group will ever hold; a pure function of the configuration.</summary>
    public int MaxSize => capacity.MaxSize;

    /// <summary>Opens the group: adopts what an earlier process left running, begins to remove what it left half-made.</summary>
    /// <exception cref="HostResourceException">The state directory cannot be read.</exception>
    public static async Task<InstanceGroup> OpenAsync(
        GroupOptions options, LoginCredentials credentials, VmPorts ports, TimeProvider clock, ILogger log, CancellationToken cancellationToken)
    {
        // Both stay for good, so that a group that is open and empty looks the same before its first instance and after its last.
        PrivateDirectory.Ensure(InstanceRecords.DirectoryOf(options.GroupStateDirectory));
        PrivateDirectory.Ensure(options.GroupDiskDirectory);
        var group = new InstanceGroup(options, credentials, ports, clock, log);
        await group.RecoverAsync(cancellationToken);
        return group;
    }

    /// <summary>
    /// Accepts up to <paramref name="count"/> new instances: gives spares away, then writes the records of new ones and begins
    /// their lives. Returns at once; all are listed from now on, complete spares as running, the others as creating.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A negative count.</exception>
    public Acceptance Accept(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var accepted = new List<string>();
        string shortfall = "";
        lock (gate)
        {
            while (accepted.Count < count && TryMake(spares.TryTake, accepted.Count, ref shortfall) is { } spare)
            {
                Admit(spare, accepted);
                provisioner.HandOut(spare);
            }
            int missing = shortfall.Length > 0 ? 0 : count - accepted.Count;
            if (missing > 0)
            {
                spares.GiveWay();
                missing = capacity.RoomFor(missing, Holders(), out shortfall);
            }
            for (; missing > 0 && TryMake(factory.Create, accepted.Count, ref shortfall) is { } instance; missing--)
            {
                Admit(instance, accepted);
                provisioner.Start(instance);
            }
        }
        if (accepted.Count < count)
        {
            log.CapacityShort(accepted.Count, count, shortfall);
        }
        return new Acceptance(accepted, shortfall);
    }

    /// <summary>Every known instance once. What is deleted is listed a last time and then forgotten.</summary>
    public IReadOnlyList<InstanceReport> List()
    {
        lock (gate)
        {
            var reports = new List<InstanceReport>(instances.Count);
            List<string>? over = null;
            foreach (Instance instance in instances.Values)
            {
                InstanceState state = instance.Report();
                reports.Add(new InstanceReport(instance.Id, state));
                if (state is InstanceState.Deleted)
                {
                    (over ??= []).Add(instance.Id);
                }
            }
            foreach (string id in over ?? [])
            {
                instances.Remove(id, out Instance? instance);
                instance?.Dispose();
            }
            return reports;
        }
    }

    /// <summary>
    /// Begins the deletion of the instances. Idempotent: one that is being deleted or is not known counts as done.
    /// </summary>
    /// <returns>The ids that are gone or will be: all of them.</returns>
    public IReadOnlyList<string> Remove(IReadOnlyList<string> ids)
    {
        foreach (string id in ids)
        {
            if (Find(id) is { } instance && instance.TryBecome(InstanceState.Deleting))
            {
                log.InstanceDeleting(id, instance.Record.Slot);
            }
        }
        return ids;
    }

    /// <summary>How to reach a running instance.</summary>
    /// <exception cref="InstanceNotFoundException">Unknown or not running; names the id and says what to do.</exception>
    public InstanceConnection Connect(string id)
    {
        InstanceRecord record = Require(id).Record;
        return record.State is InstanceState.Running
            ? new InstanceConnection(id, record.Address, record.User, record.LoginKey, record.HostKey)
            : throw new InstanceNotFoundException(
                $"instance {id} of group {options.Name} is {record.State.Word()}, not running: there is nothing to connect to"
                + (record.Failure.Length > 0 ? $" ({record.Failure})" : "; ask again when Update reports it running"));
    }

    /// <summary>Returns when the instance is healthy or still being created.</summary>
    /// <exception cref="InstanceNotFoundException">Unknown, being deleted, or its machine does not answer.</exception>
    public async Task CheckAsync(string id, CancellationToken cancellationToken)
    {
        Instance instance = Require(id);
        InstanceRecord record = instance.Record;
        switch (record.State)
        {
            case InstanceState.Creating:
                return;
            case InstanceState.Running when instance.Machine is { } machine && await machine.IsAliveAsync(cancellationToken):
                return;
            case InstanceState.Running:
                throw new InstanceNotFoundException(
                    $"instance {id} of group {options.Name} is unhealthy: its hypervisor process (pid {record.Pid}) is gone or does not answer; the runner will replace it");
            default:
                throw new InstanceNotFoundException($"instance {id} of group {options.Name} is {record.State.Word()}"
                    + (record.Failure.Length > 0 ? $": {record.Failure}" : ""));
        }
    }

    /// <summary>How many leftovers of an earlier process were found when the group was opened.</summary>
    public int Reclaimed => reclaimed.Count;

    /// <summary>Waits until those leftovers are gone, at most for the given time.</summary>
    /// <returns>How many are still there.</returns>
    public async Task<int> WaitForReclaimsAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(reclaimed).WaitAsync(patience, clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The count says it; each failed try is in the log.
        }
        return reclaimed.Count(task => !task.IsCompleted);
    }

    /// <summary>Begins to keep spares. Not done by a group that is opened only to be looked after.</summary>
    public void KeepSpares() => spares.Start();

    /// <summary>Ends background work: what is being created is torn down, spares too; what runs stays and is adopted by the next start.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        await spares.StopAsync().WaitAsync(cancellationToken);
        await provisioner.StopAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        spares.Dispose();
        await provisioner.DisposeAsync();
    }

    /// <summary>A record that cannot be written ends the acceptance; those before it stay accepted, and only a first one is an error.</summary>
    private static Instance? TryMake(Func<Instance?> make, int acceptedSoFar, ref string shortfall)
    {
        try
        {
            return make();
        }
        catch (HostResourceException e) when (acceptedSoFar > 0)
        {
            shortfall = e.Message;
            return null;
        }
    }

    private void Admit(Instance instance, List<string> accepted)
    {
        instances.Add(instance.Id, instance);
        accepted.Add(instance.Id);
        log.InstanceAccepted(instance.Id);
    }

    /// <summary>Makes a spare where there is room for one beside everything else.</summary>
    private Instance? TryCreateSpare(Action<Instance> created)
    {
        lock (gate)
        {
            if (capacity.RoomFor(1, Holders(), out _) == 0)
            {
                return null;
            }
            Instance spare = factory.CreateSpare();
            created(spare);
            return spare;
        }
    }

    /// <summary>All that take room now, known to the runner or not.</summary>
    private IReadOnlyList<Instance> Holders() => [.. instances.Values, .. spares.All()];

    private async Task RecoverAsync(CancellationToken cancellationToken)
    {
        var recovery = new GroupRecovery(options, ports, records, teardown, clock, log);
        RecoveredGroup found = await recovery.RunAsync(cancellationToken);
        foreach (Instance instance in found.Adopted)
        {
            instances.Add(instance.Id, instance);
            provisioner.Continue(instance);
        }
        foreach (Instance instance in found.Reclaimed)
        {
            reclaimed.Add(provisioner.Reclaim(instance));
        }
        log.GroupOpened(options.Name, ports.Hypervisor.Name, found.Adopted.Count, found.Reclaimed.Count, MaxSize);
    }

    private Instance? Find(string id)
    {
        lock (gate)
        {
            return instances.GetValueOrDefault(id);
        }
    }

    private Instance Require(string id) => Find(id) ?? throw new InstanceNotFoundException(string.Create(
        CultureInfo.InvariantCulture,
        $"instance {id} is not known to group {options.Name}: it was deleted, failed, or belongs to another group; Update lists the instances that exist"));
}
