using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Instances;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Provisioning;
using VmPool.Storage;

namespace VmPool.Recovery;

/// <summary>
/// What a new process does with what an earlier one left: every record is adopted or reclaimed, then everything that
/// carries our names without a record is reclaimed too. Nothing is judged by its command line.
/// </summary>
internal sealed class GroupRecovery(
    GroupOptions options, VmPorts ports, InstanceRecords records, VmTeardown teardown, TimeProvider clock, ILogger log)
{
    public async Task<RecoveredGroup> RunAsync(CancellationToken cancellationToken)
    {
        var adopted = new List<Instance>();
        var reclaimed = new List<Instance>();
        var known = new HashSet<string>();
        foreach (FoundRecord found in records.Load())
        {
            known.Add(found.Id);
            if (found.Record is { State: InstanceState.Running } record && await TryAdoptAsync(record, cancellationToken) is { } instance)
            {
                adopted.Add(instance);
            }
            else
            {
                reclaimed.Add(Leftover(found.Id, found.Record, found.Record is null ? "its record cannot be read" : $"its record says {found.Record.State.Word()}"));
            }
        }
        foreach (string id in Strays().Where(known.Add))
        {
            reclaimed.Add(Leftover(id, null, "no record names it"));
        }
        foreach (string id in AbandonedBuilds().Where(known.Add))
        {
            reclaimed.Add(Leftover(id, null, "the process that built this image is gone"));
        }
        return new RecoveredGroup(adopted, reclaimed);
    }

    // Somebody's `image build` may be at work in this very group; its slot is judged by its process, as nothing else names it.
    private IEnumerable<string> AbandonedBuilds() => ports.Slots.FindClaims(options.Name)
        .Where(claim => !InstanceId.BelongsTo(claim.Owner, options.Name) && ProcessTable.Identify(claim.ClaimedBy.Pid) != claim.ClaimedBy)
        .Select(claim => claim.Owner)
        .Distinct();

    /// <summary>
    /// A machine is ours if the host has not rebooted, the pid still means the same process, and that process lives in the
    /// slot's network namespace.
    /// </summary>
    private async Task<Instance?> TryAdoptAsync(InstanceRecord record, CancellationToken cancellationToken)
    {
        if (record.BootId != ProcessTable.BootId || record.Slot is not { } number)
        {
            return null;
        }
        NetworkSlot? slot = await ports.Slots.AdoptAsync(number, record.Id, cancellationToken);
        var process = new ProcessIdentity(record.Pid, record.StartTicks);
        if (slot is null
            || ProcessTable.Identify(record.Pid) != process
            || ProcessTable.NetworkNamespaceOf(record.Pid) is not { } inode
            || inode != NetworkNamespace.InodeOf(slot.Namespace))
        {
            return null;
        }
        IVirtualMachine? machine = await ports.Hypervisor.AdoptAsync(process, teardown.DirectoryOf(record.Id), cancellationToken);
        if (machine is null)
        {
            return null;
        }
        CleanupStack cleanup = teardown.ForFound(record.Id);
        cleanup.Push(VmTeardown.Machine(machine));
        return new Instance(record, cleanup, records, clock) { Machine = machine };
    }

    private IEnumerable<string> Strays()
    {
        IEnumerable<string> directories = Directory.Exists(options.GroupDiskDirectory)
            ? Directory.EnumerateDirectories(options.GroupDiskDirectory).Select(path => Path.GetFileName(path)!)
            : [];
        IEnumerable<string> owners = ports.Slots.FindClaims(options.Name).Select(claim => claim.Owner);
        return directories.Concat(owners).Where(id => InstanceId.BelongsTo(id, options.Name));
    }

    private Instance Leftover(string id, InstanceRecord? record, string reason)
    {
        log.Reclaiming(id, reason);
        record ??= new InstanceRecord
        {
            Id = id,
            State = InstanceState.Deleting,
            BootId = "",
            AcceptedAt = clock.GetUtcNow(),
            Hypervisor = "",
        };
        return new Instance(record with { State = InstanceState.Deleting }, teardown.ForFound(id), records, clock);
    }
}

/// <summary>What recovery found.</summary>
/// <param name="Adopted">Machines that go on.</param>
/// <param name="Reclaimed">What is to be torn down.</param>
internal sealed record RecoveredGroup(IReadOnlyList<Instance> Adopted, IReadOnlyList<Instance> Reclaimed);
