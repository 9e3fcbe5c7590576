using System.Text.Json.Serialization;

namespace VmPool.Networking;

/// <summary>What a claim file holds.</summary>
internal sealed record ClaimRecord
{
    public required string Owner { get; init; }

    public required string Group { get; init; }

    public required string StateDirectory { get; init; }

    /// <summary>Claims do not outlive the kernel they were made under.</summary>
    public required string BootId { get; init; }

    /// <summary>Process that made the claim. For an instance it need not live; for an image build it is the builder.</summary>
    public required int Pid { get; init; }

    /// <summary>Its start time, because pids are used again.</summary>
    public required ulong StartTicks { get; init; }

    public required int Mtu { get; init; }

    /// <summary>What the slot was made for, see <see cref="SlotPolicy.Fingerprint"/>; empty in claims of earlier versions.</summary>
    public string Policy { get; init; } = "";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ClaimRecord))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class NetworkJson : JsonSerializerContext;
