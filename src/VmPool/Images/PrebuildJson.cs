using System.Text.Json.Serialization;

namespace VmPool.Images;

/// <summary>What the guest reports: state is running, failed or sealed; command 0 is the sealing itself.</summary>
internal sealed record PrebuildResult(string State, int Command = 0, int Code = 0);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PrebuildResult))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class PrebuildJson : JsonSerializerContext;
