using System.Globalization;
using VmPool.Instances;
using VmPool.Options;

namespace VmPool.Provisioning;

/// <summary>How many more instances the configuration and the host have room for.</summary>
internal sealed class Capacity(GroupOptions options, VmPorts ports)
{
    /// <summary>What must stay free for each new instance before its job has written anything.</summary>
    private const long DiskReservePerInstance = 1L << 30;

    public int MaxSize => Math.Min(options.MaxVms ?? int.MaxValue, ports.Slots.Size);

    /// <summary>How many of <paramref name="asked"/> fit beside the live ones; the tightest limit is named when not all do.</summary>
    public int RoomFor(int asked, IReadOnlyList<Instance> live, out string shortfall)
    {
        Limit[] limits = [MaximumSize(live), Slots(live), Memory(live), Disk(live)];
        Limit tightest = limits.MinBy(limit => limit.Room)!;
        int room = (int)Math.Clamp(tightest.Room, 0, asked);
        shortfall = room < asked ? tightest.Reason : "";
        return room;
    }

    private Limit MaximumSize(IReadOnlyList<Instance> live) => new(
        MaxSize - live.Count(instance => instance.State is not InstanceState.Deleted),
        string.Create(CultureInfo.InvariantCulture,
            $"group {options.Name} is at its limit of {MaxSize} instances; raise max_vms or widen vm_subnet ({options.Network.Subnet}, two addresses for each instance)"));

    private Limit Slots(IReadOnlyList<Instance> live) => new(
        ports.Slots.CountFree() - live.Count(instance => instance.State is InstanceState.Creating && instance.Record.Slot is null),
        string.Create(CultureInfo.InvariantCulture,
            $"no network slot is free in vm_subnet {options.Network.Subnet} ({ports.Slots.Size} slots, shared by all groups of this host that use it); widen vm_subnet"));

    // A machine may use all of its memory at any time, so what it has not touched yet is spoken for.
    private Limit Memory(IReadOnlyList<Instance> live)
    {
        long available = ports.Capacity.AvailableMemoryMb();
        long promised = live
            .Where(instance => instance.State is InstanceState.Creating or InstanceState.Running)
            .Sum(instance => Math.Max(0, options.Machine.MemoryMb - ResidentMb(instance.Record.Pid)));
        return new Limit(
            (available - promised) / options.Machine.MemoryMb,
            string.Create(CultureInfo.InvariantCulture,
                $"the host's memory is spoken for: {available} MiB available, {promised} MiB of it promised to instances, {options.Machine.MemoryMb} MiB needed for one more; lower vm_memory_mb or max_vms"));
    }

    private Limit Disk(IReadOnlyList<Instance> live)
    {
        long free = ports.Disks.FreeBytes() - live.Count(instance => instance.State is InstanceState.Creating) * DiskReservePerInstance;
        return new Limit(
            free / DiskReservePerInstance,
            string.Create(CultureInfo.InvariantCulture,
                $"vm_disk_directory {options.DiskDirectory} is full: {Math.Max(0, free) >> 20} MiB free, 1024 MiB needed for each new instance; free space or move vm_disk_directory"));
    }

    private long ResidentMb(int pid) => pid == 0 ? 0 : ports.Capacity.ResidentMemoryMb(pid);

    private sealed record Limit(long Room, string Reason);
}
