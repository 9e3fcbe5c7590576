using System.Text.Json.Serialization;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace CloudHypervisor;

/// <summary>What a template was made with. Cloud Hypervisor restores into anything; we do not.</summary>
internal sealed record TemplateRecord
{
    /// <summary>Cloud Hypervisor's build.</summary>
    public required string Build { get; init; }

    /// <summary>Fingerprint of the host's processor.</summary>
    public required string Processor { get; init; }

    public required int Cpus { get; init; }

    /// <summary>MiB.</summary>
    public required int MemoryMb { get; init; }

    public required bool VirtioConsole { get; init; }

    public required bool Landlock { get; init; }

    public required IReadOnlyList<DiskRecord> Disks { get; init; }

    /// <summary>Describes the machine that a template is made of.</summary>
    internal static TemplateRecord Of(MachineRequest request, Installation installed) => new()
    {
        Build = installed.Version.Build,
        Processor = installed.Processor,
        Cpus = request.Cpus,
        MemoryMb = request.MemoryMb,
        VirtioConsole = request.VirtioConsole,
        Landlock = installed.Landlock,
        Disks = [.. request.Disks.Select(DiskRecord.Of)],
    };

    /// <summary>Why what is installed cannot restore the template; absent when it can.</summary>
    internal string? Difference(Installation installed) =>
        Build != installed.Version.Build ? $"it was made with cloud-hypervisor {Build}, but {installed.Version.Build} is installed"
        : Processor != installed.Processor ? "it was made on another processor (or with other microcode)"
        : null;

    /// <summary>Whether a clone that is asked for is the same machine.</summary>
    /// <exception cref="HypervisorException">It is another one; says in what.</exception>
    internal void Require(MachineRequest request)
    {
        string difference = Difference(request);
        if (difference.Length > 0)
        {
            throw new HypervisorException($"cannot start instance {request.InstanceId}: {difference}");
        }
    }

    private string Difference(MachineRequest request)
    {
        if ((request.Cpus, request.MemoryMb, request.VirtioConsole) != (Cpus, MemoryMb, VirtioConsole))
        {
            return $"its template has {Words(Cpus, MemoryMb, VirtioConsole)}, not {Words(request.Cpus, request.MemoryMb, request.VirtioConsole)}";
        }
        if (request.Disks.Count != Disks.Count)
        {
            return $"its template has {Disks.Count} disks, not {request.Disks.Count}";
        }
        for (int i = 0; i < Disks.Count; i++)
        {
            var disk = DiskRecord.Of(request.Disks[i]);
            if (disk != Disks[i])
            {
                return $"{request.Disks[i].Path} is {disk}, but the same disk of its template was {Disks[i]}";
            }
        }
        return "";
    }

    private static string Words(int cpus, int memoryMb, bool virtioConsole) =>
        $"{cpus} CPUs, {memoryMb} MiB and {(virtioConsole ? "a" : "no")} virtio console";
}

/// <summary>One disk of a template.</summary>
/// <param name="Format">raw or qcow2.</param>
/// <param name="Bytes">What the guest sees.</param>
/// <param name="ReadOnly">Whether the guest cannot write it.</param>
internal sealed record DiskRecord(string Format, long Bytes, bool ReadOnly)
{
    /// <exception cref="HypervisorException">One of its files is missing or not what it is said to be.</exception>
    internal static DiskRecord Of(VmDisk disk) => new(disk.Format, DiskChain.Read(disk).VirtualSize, disk.ReadOnly);

    public override string ToString() => $"a {(ReadOnly ? "read-only " : "")}{Format} disk of {Bytes} bytes";
}

/// <summary>A machine that can be saved.</summary>
/// <param name="Config">As it was created.</param>
/// <param name="Record">What it was made with.</param>
internal sealed record TemplateMachine(VmConfig Config, TemplateRecord Record);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(TemplateRecord))]
internal sealed partial class TemplateJson : JsonSerializerContext;
