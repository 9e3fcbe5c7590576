using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CloudHypervisorStandIn;

/// <summary>All JSON that is read and written, in the real one's spelling.</summary>
[JsonSerializable(typeof(VmConfig))]
[JsonSerializable(typeof(RestoreConfig))]
[JsonSerializable(typeof(SnapshotConfig))]
[JsonSerializable(typeof(PingAnswer))]
[JsonSerializable(typeof(InfoAnswer))]
[JsonSerializable(typeof(Dictionary<string, Dictionary<string, ulong>>))]
[JsonSerializable(typeof(MachineState))]
[JsonSerializable(typeof(SavedDevices))]
[JsonSerializable(typeof(string[]))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class StandInJson : JsonSerializerContext
{
    /// <summary>Quotes and backticks in the real one's messages are not escaped; the rest is as declared above.</summary>
    internal static StandInJson Plain { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
