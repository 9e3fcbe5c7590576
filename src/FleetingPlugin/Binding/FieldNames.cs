using System.Text;

namespace FleetingPlugin.Binding;

/// <summary>Names in the form in which they are compared, and the units that they carry.</summary>
internal static class FieldNames
{
    // Names that say nothing of their own: the field around them has the name.
    private static readonly HashSet<string> Generic = ["value", "val", "values", "stringvalue", "content"];

    private static readonly Dictionary<string, long> Units = new()
    {
        ["ns"] = 1,
        ["nanos"] = 1,
        ["nanosecond"] = 1,
        ["nanoseconds"] = 1,
        ["nsec"] = 1,
        ["us"] = 1_000,
        ["micros"] = 1_000,
        ["microsecond"] = 1_000,
        ["microseconds"] = 1_000,
        ["usec"] = 1_000,
        ["ms"] = 1_000_000,
        ["millis"] = 1_000_000,
        ["millisecond"] = 1_000_000,
        ["milliseconds"] = 1_000_000,
        ["msec"] = 1_000_000,
        ["s"] = 1_000_000_000,
        ["sec"] = 1_000_000_000,
        ["secs"] = 1_000_000_000,
        ["second"] = 1_000_000_000,
        ["seconds"] = 1_000_000_000,
        ["unix"] = 1_000_000_000,
        ["min"] = 60_000_000_000,
        ["mins"] = 60_000_000_000,
        ["minute"] = 60_000_000_000,
        ["minutes"] = 60_000_000_000,
        ["h"] = 3_600_000_000_000,
        ["hour"] = 3_600_000_000_000,
        ["hours"] = 3_600_000_000_000,
    };

    /// <summary>Letters and digits only, in lower case.</summary>
    public static string Normal(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    public static bool IsGeneric(string normal) => Generic.Contains(normal);

    /// <summary>Nanoseconds in the unit that the last word of a name tells (keepalive_ms, TimeoutSeconds); null if none.</summary>
    public static long? UnitOf(string name) => Words(name) is [_, .., var last] && Units.TryGetValue(last, out long unit) ? unit : null;

    /// <summary>The normalised name without its unit.</summary>
    public static string WithoutUnit(string name) => UnitOf(name) is null ? Normal(name) : string.Concat(Words(name)[..^1]);

    /// <summary>Words in lower case: parts between underscores and humps.</summary>
    public static IReadOnlyList<string> WordsOf(string name) => Words(name);

    private static string[] Words(string name)
    {
        var spaced = new StringBuilder();
        for (var at = 0; at < name.Length; at++)
        {
            // aB, and the B of ABc.
            bool humpStarts = at > 0 && char.IsAsciiLetterUpper(name[at])
                && (!char.IsAsciiLetterUpper(name[at - 1]) || (at + 1 < name.Length && char.IsAsciiLetterLower(name[at + 1])));
            spaced.Append(humpStarts ? " " : "").Append(char.IsAsciiLetterOrDigit(name[at]) ? char.ToLowerInvariant(name[at]) : ' ');
        }
        return spaced.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}
