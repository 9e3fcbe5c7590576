using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace CloudHypervisor;

/// <summary>Writes trees that hold more than we know of.</summary>
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class NodeJson : JsonSerializerContext;
