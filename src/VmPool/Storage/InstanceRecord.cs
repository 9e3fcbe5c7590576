using System.Text.Json.Serialization;
using VmPool.Instances;

namespace VmPool.Storage;

/// <summary>
/// What is known of one instance, on disk. Written before the first device exists and removed after the last is gone, so
/// that whoever finds it can finish or undo the work. Holds the login key: mode 0600 in a directory of mode 0700.
/// </summary>
public sealed record InstanceRecord
{
    /// <summary>Instance id.</summary>
    public required string Id { get; init; }

    /// <summary>Last state written.</summary>
    public required InstanceState State { get; init; }

    /// <summary>The kernel's boot id when the record was made; another one means that no process of it can live.</summary>
    public required string BootId { get; init; }

    /// <summary>When Increase accepted it.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>Name of the hypervisor.</summary>
    public required string Hypervisor { get; init; }

    /// <summary>Its directory; where the configuration says today may be another place.</summary>
    public string Directory { get; init; } = "";

    /// <summary>Login user, fixed when the instance was accepted.</summary>
    public string User { get; init; } = "";

    /// <summary>Hash of the image it was made from, for people; empty until known.</summary>
    public string ImageHash { get; init; } = "";

    /// <summary>Waits for a request, unknown to the runner.</summary>
    public bool Spare { get; init; }

    /// <summary>Key of the template it goes on from; empty when it was booted, or until known.</summary>
    public string TemplateKey { get; init; } = "";

    /// <summary>Claimed slot; absent until claimed.</summary>
    public int? Slot { get; init; }

    /// <summary>Where the host reaches the guest; empty until known.</summary>
    public string Address { get; init; } = "";

    /// <summary>Process of the hypervisor; 0 until started.</summary>
    public int Pid { get; init; }

    /// <summary>Its start time, see <see cref="LinuxHost.ProcessIdentity"/>.</summary>
    public ulong StartTicks { get; init; }

    /// <summary>Private login key, PEM; empty with static credentials.</summary>
    public string LoginKey { get; init; } = "";

    /// <summary>The guest's SSH host key, one OpenSSH line.</summary>
    public string HostKey { get; init; } = "";

    /// <summary>Why it failed; empty otherwise.</summary>
    public string Failure { get; init; } = "";

    /// <summary>Finished steps with their time since <see cref="AcceptedAt"/>.</summary>
    public IReadOnlyList<TimelineEntry> Timeline { get; init; } = [];
}

/// <summary>One finished step.</summary>
/// <param name="Step">accepted, image, slot, disk, vmm, boot, ssh.</param>
/// <param name="Ms">Milliseconds since the instance was accepted.</param>
public sealed record TimelineEntry(string Step, double Ms);

/// <summary>JSON of what the state directory holds.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(InstanceRecord))]
internal sealed partial class StateJson : JsonSerializerContext;
