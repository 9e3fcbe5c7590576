using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Instances;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Provisioning;
using VmPool.Storage;

namespace VmPool.Recovery;

/// <summary>
/// What a new process does with what an earlier one left: every record is adopted or reclaimed, then every directory and
/// every slot claim of the group without a record is reclaimed too. Nothing is judged by its command line.
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
            RefuseOtherHypervisor(found.Record);
            (Instance? instance, string reason) = await TryAdoptAsync(found.Record, cancellationToken);
            if (instance is not null)
            {
                adopted.Add(instance);
            }
            else
            {
                reclaimed.Add(Leftover(found.Id, found.Record, reason));
            }
        }
        foreach (string id in Strays().Where(known.Add))
        {
            reclaimed.Add(Leftover(id, null, "no record names it"));
        }
        foreach (SlotClaim claim in AbandonedClaims())
        {
            if (await TryReleaseAsync(claim, cancellationToken) is { } reason && known.Add(claim.Owner))
            {
                reclaimed.Add(Leftover(claim.Owner, null, reason));
            }
        }
        return new RecoveredGroup(adopted, reclaimed);
    }

    // Slots of what is no instance: kept ready by this group's plugin, or of an `image build` that may be at work right now.
    // They are judged by their process, as nothing else names them.
    private IEnumerable<SlotClaim> AbandonedClaims() => ports.Slots.FindClaims(options.Name)
        .Where(claim => claim.Owner.StartsWith($"{options.Name}-", StringComparison.Ordinal) && !InstanceId.BelongsTo(claim.Owner, options.Name)
            && ProcessTable.Identify(claim.ClaimedBy.Pid) != claim.ClaimedBy);

    /// <summary>Nothing but the slot belongs to such a claim. One that cannot be released is torn down like an instance: again and again.</summary>
    private async Task<string?> TryReleaseAsync(SlotClaim claim, CancellationToken cancellationToken)
    {
        try
        {
            await ports.Slots.ReleaseAsync(claim.Number, claim.Owner, cancellationToken);
            log.SlotReclaimed(claim.Owner);
            return null;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return $"its network slot, whose process is gone, could not be released: {e.Message}";
        }
    }

    /// <summary>
    /// A machine is ours if the host has not rebooted, the pid still means the same process, and that process lives in the
    /// slot's network namespace.
    /// </summary>
    private async Task<(Instance? Instance, string Reason)> TryAdoptAsync(InstanceRecord? record, CancellationToken cancellationToken)
    {
        if (record is not { State: InstanceState.Running, Slot: { } number })
        {
            return (null, record is null ? "its record cannot be read" : $"it was {record.State.Word()} when its plugin ended");
        }
        if (record.BootId != ProcessTable.BootId)
        {
            return (null, "the host has been restarted since");
        }
        NetworkSlot? slot = await ports.Slots.AdoptAsync(number, record.Id, cancellationToken);
        if (slot is null)
        {
            return (null, $"its network slot {number} is gone");
        }
        var process = new ProcessIdentity(record.Pid, record.StartTicks);
        if (ProcessTable.Identify(record.Pid) != process
            || ProcessTable.NetworkNamespaceOf(record.Pid) is not { } inode
            || inode != NetworkNamespace.InodeOf(slot.Namespace)
            || await ports.Hypervisor.AdoptAsync(process, record.Directory, cancellationToken) is not { } machine)
        {
            return (null, $"its hypervisor process {record.Pid} is gone");
        }
        var instance = new Instance(record, teardown, records, clock, log);
        instance.Attach(machine);
        return (instance, "");
    }

    // Between real ones a group may change while machines run. A simulated one knows nothing of them, and their records would go.
    private void RefuseOtherHypervisor(InstanceRecord? record)
    {
        if (record is { Hypervisor: var was } && record.BootId == ProcessTable.BootId && !ports.Hypervisor.CanAdopt(was))
        {
            throw new HostRequirementException(
                $"group \"{options.Name}\" still has {record.Id} of hypervisor \"{was}\", but is now configured with \"{ports.Hypervisor.Name}\"; "
                + "set it back until its instances are deleted, or give this entry another `name`");
        }
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
        string directory = record.Directory.Length > 0 ? record.Directory : teardown.DirectoryOf(id);
        return new Instance(record with { State = InstanceState.Deleting, Directory = directory }, teardown, records, clock, log);
    }
}

/// <summary>What recovery found.</summary>
/// <param name="Adopted">Machines that go on.</param>
/// <param name="Reclaimed">What is to be torn down.</param>
internal sealed record RecoveredGroup(IReadOnlyList<Instance> Adopted, IReadOnlyList<Instance> Reclaimed);
