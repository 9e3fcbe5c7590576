using System.Text.Json.Serialization;

namespace Qemu;

/// <summary>Outcome of one run of the KVM test, and under which conditions it holds.</summary>
internal sealed record KvmVerdict
{
    /// <summary>Boot of the host it belongs to.</summary>
    public required string BootId { get; init; }

    /// <summary>QEMU version it belongs to.</summary>
    public required string QemuVersion { get; init; }

    /// <summary>Loaded kvm modules it belongs to.</summary>
    public required string Modules { get; init; }

    /// <summary>Test guest it was found out with; absent in what the first versions wrote.</summary>
    public string? Guest { get; init; }

    /// <summary>When it was found out.</summary>
    public required DateTimeOffset TestedAt { get; init; }

    /// <summary>Why KVM cannot be used; absent when it can.</summary>
    public string? Failure { get; init; }
}

[JsonSerializable(typeof(KvmVerdict))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
internal sealed partial class KvmVerdictJson : JsonSerializerContext;
