using System.Globalization;
using System.Text.RegularExpressions;

namespace FleetingPlugin.Toml;

/// <summary>RFC 3339 dates and times, with or without date, time and offset. They are checked and kept as written.</summary>
internal static partial class TomlDates
{
    private const string Date = "(?<year>[0-9]{4})-(?<month>[0-9]{2})-(?<day>[0-9]{2})";
    private const string Time = @"(?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2})(?:\.[0-9]+)?";

    /// <summary>Whether a word can only be a date or a time, good or bad.</summary>
    public static bool LooksLikeOne(string word) => Beginning().IsMatch(word);

    /// <summary>Whether it names a real day and time of day.</summary>
    public static bool IsValid(string word)
    {
        var match = Whole().Match(word);
        return match.Success
            && (!match.Groups["year"].Success || IsDay(Number(match, "year"), Number(match, "month"), Number(match, "day")))
            && (!match.Groups["hour"].Success || (Number(match, "hour") < 24 && Number(match, "minute") < 60 && Number(match, "second") <= 60))
            && (!match.Groups["offhour"].Success || (Number(match, "offhour") < 24 && Number(match, "offminute") < 60));
    }

    private static bool IsDay(int year, int month, int day) =>
        month is >= 1 and <= 12 && day >= 1
        && day <= (year == 0 ? DateTime.DaysInMonth(4, month) : DateTime.DaysInMonth(year, month)); // .NET has no year 0; it is a leap year.

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A([0-9]{4}-[0-9]|[0-9]{1,2}:)")]
    private static partial Regex Beginning();

    [GeneratedRegex(@"\A" + Date + @"(?:[Tt ]" + Time + @"(?:[Zz]|[+-](?<offhour>[0-9]{2}):(?<offminute>[0-9]{2}))?)?\z|\A" + Time + @"\z")]
    private static partial Regex Whole();
}
