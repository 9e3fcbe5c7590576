using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Provisioning;

/// <summary>The shape that every machine of a group has, the template like its clones.</summary>
internal static class MachineShape
{
    /// <param name="options">CPUs, memory and devices.</param>
    /// <param name="id">Instance, or what else the machine is called in messages.</param>
    /// <param name="directory">The machine's own.</param>
    /// <param name="slot">Its network.</param>
    /// <param name="disks">Its disks, root first.</param>
    public static MachineRequest Of(GroupOptions options, string id, string directory, NetworkSlot slot, IReadOnlyList<VmDisk> disks) => new()
    {
        InstanceId = id,
        Directory = directory,
        NetworkNamespace = slot.Namespace,
        Mtu = slot.Mtu,
        UserId = slot.UserId,
        Disks = disks,
        Cpus = options.Machine.Cpus,
        MemoryMb = options.Machine.MemoryMb,
        VirtioConsole = options.Machine.VirtioConsole,
        Nested = options.Machine.Nested,
    };
}
