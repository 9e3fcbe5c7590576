using System.Text;
using System.Text.Json;
using VmmProcess;

namespace CloudHypervisor;

/// <summary>Reads why a call was refused.</summary>
internal static class ApiError
{
    private const int LongestReason = 2000;

    /// <summary>
    /// The reason in one line. A refusal is an array of causes; what the HTTP parser itself refuses is an object whose text may
    /// hold raw line feeds, so that it is no valid JSON; a proxy or a dying process may send anything.
    /// </summary>
    internal static string Describe(ReadOnlySpan<byte> body)
    {
        string reason = Causes(body) is { Count: > 0 } causes ? string.Join(": ", causes) : Encoding.UTF8.GetString(body);
        string clean = PrintableText.Clean(reason).ReplaceLineEndings(" ").Trim();
        return clean.Length == 0 ? "(no reason given)" : clean.Length > LongestReason ? clean[..LongestReason] + "…" : clean;
    }

    private static List<string>? Causes(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            JsonElement root = document.RootElement;
            return root.ValueKind switch
            {
                JsonValueKind.Array => [.. root.EnumerateArray().Select(Text)],
                JsonValueKind.Object when root.TryGetProperty("error", out JsonElement error) => [Text(error)],
                _ => null,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Invalid JSON, or a string that is no text (half a surrogate pair): the bytes say it as well as they can.
            return null;
        }
    }

    private static string Text(JsonElement element) =>
        element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText();
}
