using VmPool.Ports;

namespace VmPool.Provisioning;

/// <summary>The outside world of one group, all of it replaceable.</summary>
public sealed record VmPorts(
    IHypervisor Hypervisor, ISlotPool Slots, IImageStore Images, ITemplateStore Templates, IInstanceDisks Disks,
    IGuestProbe Guest, IGuestAgent Agent, IHostCapacity Capacity);
