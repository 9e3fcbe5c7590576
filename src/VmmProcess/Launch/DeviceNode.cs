namespace VmmProcess;

/// <summary>A character device of the host that a hypervisor opens by itself, through a node that belongs to it alone.</summary>
/// <param name="Path">Where the host has it.</param>
/// <param name="Major">Of its number.</param>
/// <param name="Minor">Of its number, below 256.</param>
public sealed record DeviceNode(string Path, uint Major, uint Minor)
{
    /// <summary>Virtualization by the processor.</summary>
    public static DeviceNode Kvm { get; } = new("/dev/kvm", 10, 232);

    /// <summary>TAP devices; a process without rights can attach only to those that belong to its user.</summary>
    public static DeviceNode Tun { get; } = new("/dev/net/tun", 10, 200);
}
