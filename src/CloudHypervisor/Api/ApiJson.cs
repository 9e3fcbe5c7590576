using System.Text.Json.Serialization;

namespace CloudHypervisor;

/// <summary>Cloud Hypervisor's JSON: lower case with underscores, absent instead of null.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(VmConfig))]
[JsonSerializable(typeof(RestoreCall))]
[JsonSerializable(typeof(SnapshotCall))]
[JsonSerializable(typeof(MachineInfo))]
[JsonSerializable(typeof(PingAnswer))]
[JsonSerializable(typeof(Dictionary<string, DeviceCounters>))]
internal sealed partial class ApiJson : JsonSerializerContext;
