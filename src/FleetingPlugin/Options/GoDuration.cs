using System.Buffers;
using System.Globalization;
using System.Text;

namespace FleetingPlugin.Options;

/// <summary>Durations as Go writes them ("1h30m", "250ms", "1.5s", "0"), because everything else in config.toml is written so.</summary>
internal static class GoDuration
{
    private static readonly SearchValues<char> NumberStarts = SearchValues.Create("0123456789.");

    // Largest first: the formatter takes whole units off the front.
    private static readonly (string Name, long Nanoseconds)[] Units =
    [
        ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("µs", 1_000), ("us", 1_000), ("μs", 1_000), ("ns", 1),
    ];

    /// <summary>Reads a duration.</summary>
    /// <param name="text">One or more decimal numbers with a unit (h, m, s, ms, us, µs, ns), an optional sign in front; "0" needs no unit.</param>
    /// <param name="duration">The value; finer than 100 ns is cut off. Go's range: about 292 years either way.</param>
    /// <param name="fault">What is wrong, naming the text.</param>
    public static bool TryParse(string text, out TimeSpan duration, out string fault)
    {
        duration = TimeSpan.Zero;
        fault = "";
        var rest = text.AsSpan();
        var negative = false;
        if (rest is ['+' or '-', ..])
        {
            negative = rest[0] == '-';
            rest = rest[1..];
        }

        if (rest is "0")
        {
            return true;
        }

        if (rest.IsEmpty)
        {
            fault = $"\"{text}\" is not a duration";
            return false;
        }

        var nanoseconds = 0m;
        while (!rest.IsEmpty)
        {
            if (!TryTakeNumber(ref rest, out var number))
            {
                fault = $"\"{text}\" is not a duration: expected a number before \"{rest}\"";
                return false;
            }

            var unitLength = rest.IndexOfAny(NumberStarts);
            var unit = unitLength < 0 ? rest : rest[..unitLength];
            rest = rest[unit.Length..];
            if (unit.IsEmpty)
            {
                fault = $"missing unit in duration \"{text}\" (one of h, m, s, ms, us, ns)";
                return false;
            }

            if (NanosecondsOf(unit) is not { } scale)
            {
                fault = $"unknown unit \"{unit}\" in duration \"{text}\" (one of h, m, s, ms, us, ns)";
                return false;
            }

            // Judged before multiplying: a decimal overflows not far behind Go's range.
            if (number > long.MaxValue / scale || (nanoseconds += number * scale) > long.MaxValue)
            {
                fault = $"duration \"{text}\" is too long (at most about 292 years)";
                return false;
            }
        }

        var ticks = (long)(nanoseconds / 100);
        duration = new TimeSpan(negative ? -ticks : ticks);
        return true;
    }

    /// <summary>Writes the shortest Go form: "1h30m", "250ms", "1.5s", "0".</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
        {
            return "0";
        }

        var nanoseconds = Math.Abs((decimal)duration.Ticks) * 100;
        var text = new StringBuilder(duration < TimeSpan.Zero ? "-" : "");
        foreach (var (name, size) in Units)
        {
            // From seconds down one unit carries the whole rest as a fraction, as Go prints it.
            var takesFraction = size <= 1_000_000_000;
            var count = takesFraction ? nanoseconds / size : Math.Floor(nanoseconds / size);
            if (count < 1)
            {
                continue;
            }

            text.Append(count.ToString("0.#########", CultureInfo.InvariantCulture)).Append(name);
            nanoseconds -= count * size;
            if (nanoseconds == 0)
            {
                break;
            }
        }

        return text.ToString();
    }

    private static long? NanosecondsOf(ReadOnlySpan<char> unit)
    {
        foreach (var (name, nanoseconds) in Units)
        {
            if (unit.SequenceEqual(name))
            {
                return nanoseconds;
            }
        }

        return null;
    }

    // "1", "1.5", ".5" and "1." are numbers to Go; "." is not.
    private static bool TryTakeNumber(ref ReadOnlySpan<char> text, out decimal number)
    {
        var length = 0;
        var digits = 0;
        var points = 0;
        while (length < text.Length && (char.IsAsciiDigit(text[length]) || (text[length] == '.' && points == 0)))
        {
            _ = text[length] == '.' ? points++ : digits++;
            length++;
        }

        number = 0;
        if (digits == 0)
        {
            return false;
        }

        // More digits than a decimal holds is far beyond Go's range or far below a nanosecond.
        if (!decimal.TryParse(text[..length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number))
        {
            number = decimal.MaxValue;
        }

        text = text[length..];
        return true;
    }
}
