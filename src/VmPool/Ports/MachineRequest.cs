using System.Diagnostics.CodeAnalysis;

namespace VmPool.Ports;

/// <summary>What every start of a machine needs, whether it boots or goes on from a template.</summary>
public record MachineRequest
{
    /// <summary>Instance id, for process titles and messages.</summary>
    public required string InstanceId { get; init; }

    /// <summary>The machine's own directory (exists, owned by <see cref="UserId"/>): sockets, logs and writable disks live in it.</summary>
    public required string Directory { get; init; }

    /// <summary>Name of the slot's network namespace; it holds the TAP device <c>tap0</c>, up and owned by <see cref="UserId"/>.</summary>
    public required string NetworkNamespace { get; init; }

    /// <summary>MTU of tap0, offered to the guest.</summary>
    public required int Mtu { get; init; }

    /// <summary>The unprivileged user and group the process runs as.</summary>
    public required uint UserId { get; init; }

    /// <summary>First is the root disk. A clone has as many as its template had, in the same order.</summary>
    public required IReadOnlyList<VmDisk> Disks { get; init; }

    /// <summary>Virtual CPUs, 1 or more.</summary>
    public required int Cpus { get; init; }

    /// <summary>Guest memory in MiB.</summary>
    public required int MemoryMb { get; init; }

    /// <summary>Adds a virtio console beside the serial one.</summary>
    public bool VirtioConsole { get; init; }

    /// <summary>Lets the guest run virtual machines of its own.</summary>
    public bool Nested { get; init; }
}

/// <summary>A machine that boots its kernel.</summary>
public sealed record BootRequest : MachineRequest
{
    /// <summary>A request without a kernel yet.</summary>
    public BootRequest()
    {
    }

    [SetsRequiredMembers]
    private BootRequest(MachineRequest machine, ImageGeneration image, string commandLine)
        : base(machine)
    {
        KernelPath = image.KernelPath;
        InitrdPath = image.InitrdPath;
        KernelCommandLine = commandLine;
    }

    /// <summary>A machine that boots the image.</summary>
    /// <param name="machine">Everything but the kernel.</param>
    /// <param name="image">Where the kernel comes from.</param>
    /// <param name="extra">Added to the image's kernel command line.</param>
    public static BootRequest Of(MachineRequest machine, ImageGeneration image, string extra = "") =>
        new(machine, image, $"{image.KernelCommandLine} {extra}".TrimEnd());

    /// <summary>Linux kernel, booted directly.</summary>
    public required string KernelPath { get; init; }

    /// <summary>Initial RAM disk.</summary>
    public required string? InitrdPath { get; init; }

    /// <summary>Kernel command line without the console, which the hypervisor adds.</summary>
    public required string KernelCommandLine { get; init; }
}

/// <summary>One disk of a virtual machine.</summary>
/// <param name="Path">Absolute path on the host.</param>
/// <param name="Format">raw or qcow2.</param>
/// <param name="ReadOnly">Shared with others; the machine cannot write it.</param>
public sealed record VmDisk(string Path, string Format, bool ReadOnly);
