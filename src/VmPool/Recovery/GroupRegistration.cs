using System.Text.Json.Serialization;

namespace VmPool.Recovery;

/// <summary>What the registry knows about one group of this host.</summary>
public sealed record GroupRegistration
{
    /// <summary>Root of the group's state.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Its <c>vm_subnet</c>.</summary>
    public required string Subnet { get; init; }

    /// <summary>The process that serves the group.</summary>
    public required int Pid { get; init; }

    /// <summary>That process's start time, because pids are used again.</summary>
    public required ulong StartTicks { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(GroupRegistration))]
internal sealed partial class RegistryJson : JsonSerializerContext;
