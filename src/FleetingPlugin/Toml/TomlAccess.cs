using System.Text.Json;
using System.Text.Json.Nodes;

namespace FleetingPlugin.Toml;

/// <summary>Looks into a TOML tree as the runner does: names match in any case, exactly written ones first.</summary>
internal static class TomlAccess
{
    /// <summary>The value of that key, or null.</summary>
    public static JsonNode? Get(JsonObject table, string key) =>
        table.TryGetPropertyValue(key, out var exact) ? exact : table.FirstOrDefault(pair => pair.Key.Equals(key, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>The string of that key; empty when it is absent or no string.</summary>
    public static string Text(JsonObject table, string key) =>
        Get(table, key) is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : "";
}
