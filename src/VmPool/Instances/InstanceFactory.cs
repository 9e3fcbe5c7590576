using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Provisioning;
using VmPool.Storage;

namespace VmPool.Instances;

/// <summary>Makes an instance of which nothing exists yet but its record.</summary>
internal sealed class InstanceFactory(
    GroupOptions options, IHypervisor hypervisor, VmTeardown teardown, InstanceRecords records, TimeProvider clock, ILogger log)
{
    /// <summary>An instance that was asked for.</summary>
    /// <exception cref="HostResourceException">The record cannot be written.</exception>
    public Instance Create() => Create(spare: false);

    /// <summary>One that nobody has asked for yet.</summary>
    /// <exception cref="HostResourceException">The record cannot be written.</exception>
    public Instance CreateSpare() => Create(spare: true);

    private Instance Create(bool spare)
    {
        DateTimeOffset now = clock.GetUtcNow();
        string id = InstanceId.Create(options.Name, now);
        var record = new InstanceRecord
        {
            Id = id,
            State = InstanceState.Creating,
            Spare = spare,
            BootId = ProcessTable.BootId,
            AcceptedAt = now,
            Hypervisor = hypervisor.Name,
            Directory = teardown.DirectoryOf(id),
            User = options.Machine.User,
            Timeline = [new TimelineEntry("accepted", 0)],
        };
        records.Save(record);
        return new Instance(record, teardown, records, clock, log);
    }
}
