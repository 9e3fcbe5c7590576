using System.Globalization;
using System.Text.Json;

namespace GoPlugin.Logging;

/// <summary>One structured value of a log entry as a JSON member.</summary>
internal static class HclogField
{
    private const string Template = "{OriginalFormat}";

    // The host reads numbers as float64 and prints longer ones as 1e+06.
    private const long LongestNumber = 1_000_000;

    public static void Write(Utf8JsonWriter json, string key, object? value, int longest)
    {
        // An absent value is left out: the host must never see null.
        if (value is null || key.Length == 0 || key == Template)
        {
            return;
        }

        var name = Name(key);
        switch (value)
        {
            case bool flag:
                json.WriteBoolean(name, flag);
                break;
            case sbyte or byte or short or ushort or int or uint or long when IsPlainNumber(name, Convert.ToInt64(value, CultureInfo.InvariantCulture)):
                json.WriteNumber(name, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case float or double when IsPlainNumber(name, Convert.ToDouble(value, CultureInfo.InvariantCulture)):
                json.WriteNumber(name, Convert.ToDouble(value, CultureInfo.InvariantCulture));
                break;
            default:
                json.WriteString(name, HclogLine.Shorten(Text(value), longest));
                break;
        }
    }

    internal static string Name(string key)
    {
        var name = key.TrimStart('@');
        name = name.Length == 0 ? "value" : char.ToLowerInvariant(name[0]) + name[1..];
        // The host adds a pair named timestamp itself; error belongs to the exception.
        return name is "timestamp" or "error" ? name + "_" : name;
    }

    private static bool IsPlainNumber(string name, long value) => Math.Abs((decimal)value) < LongestNumber && !IsIdentifier(name);

    private static bool IsPlainNumber(string name, double value) => Math.Abs(value) < LongestNumber && !IsIdentifier(name);

    private static bool IsIdentifier(string name)
        => name.Equals("id", StringComparison.Ordinal) || name.EndsWith("Id", StringComparison.Ordinal)
            || name.EndsWith("pid", StringComparison.OrdinalIgnoreCase);

    private static string Text(object value) => value switch
    {
        string text => text,
        IEnumerable<string> several => string.Join(", ", several),
        DateTimeOffset time => time.ToString("O", CultureInfo.InvariantCulture),
        DateTime time => time.ToString("O", CultureInfo.InvariantCulture),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
