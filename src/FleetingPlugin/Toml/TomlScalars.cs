using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FleetingPlugin.Toml;

/// <summary>Booleans, integers and floats; dates go to <see cref="TomlDates"/>.</summary>
internal static partial class TomlScalars
{
    /// <summary>Reads the value that begins at the cursor, which is no string, array or table.</summary>
    public static JsonValue Read(TomlCursor cursor)
    {
        var start = cursor.Position;
        var word = cursor.TakeWhile(static c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.' or '_' or ':');

        // RFC 3339 lets a space stand between date and time.
        if (word.Length == 10 && TomlDates.LooksLikeOne(word) && cursor.Current == ' ' && char.IsAsciiDigit(cursor.Ahead(1)))
        {
            cursor.Advance();
            word += " " + cursor.TakeWhile(static c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.' or ':');
        }

        if (word.Length == 0)
        {
            throw cursor.Fault($"expected a value, found {cursor.Describe()}");
        }

        return Parse(word) ?? throw cursor.Fault(Explain(word), start);
    }

    private static JsonValue? Parse(string word) => word switch
    {
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        "inf" or "+inf" => JsonValue.Create(double.PositiveInfinity),
        "-inf" => JsonValue.Create(double.NegativeInfinity),
        "nan" or "+nan" or "-nan" => JsonValue.Create(double.NaN),
        _ when TomlDates.LooksLikeOne(word) => TomlDates.IsValid(word) ? JsonValue.Create(word) : null,
        _ when DecimalInteger().IsMatch(word) => long.TryParse(Plain(word), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? JsonValue.Create(value) : null,
        _ when PrefixedInteger().IsMatch(word) => ParsePrefixed(Plain(word)),
        _ when Float().IsMatch(word) => double.Parse(Plain(word), NumberStyles.Float, CultureInfo.InvariantCulture) is var value && double.IsFinite(value) ? JsonValue.Create(value) : null,
        _ => null,
    };

    private static JsonValue? ParsePrefixed(string word)
    {
        var bitsPerDigit = word[1] switch { 'x' => 4, 'o' => 3, _ => 1 };
        var value = BigInteger.Zero;
        foreach (var digit in word.AsSpan(2))
        {
            value = (value << bitsPerDigit) + Convert.ToInt32(digit.ToString(), 16);
            if (value > long.MaxValue)
            {
                return null;
            }
        }

        return JsonValue.Create((long)value);
    }

    private static string Plain(string word) => word.Replace("_", "", StringComparison.Ordinal);

    private static string Explain(string word)
    {
        var shown = word.Length <= 40 ? word : word[..40] + "…";
        return TomlDates.LooksLikeOne(word) ? $"{shown} is not a date or time"
            : DecimalInteger().IsMatch(word) || PrefixedInteger().IsMatch(word) || Float().IsMatch(word) ? $"{shown} does not fit into 64 bits"
            : LeadingZero().IsMatch(word) ? $"{shown} has a leading zero"
            : char.IsAsciiLetter(word[0]) ? $"{shown} is not a value; a string needs quotes"
            : $"{shown} is not a number";
    }

    [GeneratedRegex(@"\A[+-]?(0|[1-9](_?[0-9])*)\z")]
    private static partial Regex DecimalInteger();

    [GeneratedRegex(@"\A(0x[0-9A-Fa-f](_?[0-9A-Fa-f])*|0o[0-7](_?[0-7])*|0b[01](_?[01])*)\z")]
    private static partial Regex PrefixedInteger();

    [GeneratedRegex(@"\A[+-]?(0|[1-9](_?[0-9])*)(\.[0-9](_?[0-9])*)?([eE][+-]?[0-9](_?[0-9])*)?\z")]
    private static partial Regex Float();

    [GeneratedRegex(@"\A[+-]?0[0-9_]")]
    private static partial Regex LeadingZero();
}
