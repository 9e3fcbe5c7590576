using System.Text;
using System.Text.Json;

namespace CloudHypervisorStandIn.Tests;

/// <summary>Reads a file of events.</summary>
internal static class TestEvents
{
    /// <summary>Each event as "source event id".</summary>
    public static IReadOnlyList<string> Read(string path) =>
        [.. TestVm.ReadShared(path).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(text =>
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            var line = new StringBuilder($"{root.GetProperty("source").GetString()} {root.GetProperty("event").GetString()}");
            if (root.GetProperty("properties") is { ValueKind: JsonValueKind.Object } properties)
            {
                line.Append(' ').Append(properties.GetProperty("id").GetString());
            }
            return line.ToString();
        })];
}
