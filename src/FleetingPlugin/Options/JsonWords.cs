using System.Text.Json;

namespace FleetingPlugin.Options;

/// <summary>JSON values in an operator's words: they come from TOML, where an object is a table.</summary>
internal static class JsonWords
{
    private const int LongestShown = 120;

    /// <summary>"a string", "a table", …</summary>
    public static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        JsonValueKind.Array => "an array",
        JsonValueKind.Object => "a table",
        _ => "nothing",
    };

    /// <summary>The value as it was written, cut to a length that fits into a log line.</summary>
    public static string Shown(JsonElement element)
    {
        var raw = element.GetRawText().ReplaceLineEndings(" ");
        return raw.Length <= LongestShown ? raw : string.Concat(raw.AsSpan(0, LongestShown), "…");
    }
}
