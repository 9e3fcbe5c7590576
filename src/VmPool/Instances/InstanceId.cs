using System.Buffers;
using System.Security.Cryptography;

namespace VmPool.Instances;

/// <summary>
/// Instance ids: <c>GROUP-TTTTTTTTTRRRRR</c>, nine base-30 digits of time (milliseconds, enough for 600 years) and five of
/// chance. Sorting ids sorts by age, an id is never reused, and the whole is a valid host name (at most 16 + 1 + 14 characters).
/// </summary>
public static class InstanceId
{
    // In ASCII order, so that ids sort by time; without vowels and l, so that none spells a word or is misread.
    private const string Digits = "0123456789bcdfghjkmnpqrstvwxyz";
    private static readonly SearchValues<char> DigitSet = SearchValues.Create(Digits);
    private const int TimeDigits = 9;
    private const int ChanceDigits = 5;

    /// <summary>A new id of the group.</summary>
    public static string Create(string group, DateTimeOffset now)
    {
        Span<char> tail = stackalloc char[TimeDigits + ChanceDigits];
        long time = now.ToUnixTimeMilliseconds();
        for (int i = TimeDigits - 1; i >= 0; i--)
        {
            tail[i] = Digits[(int)(time % Digits.Length)];
            time /= Digits.Length;
        }
        for (int i = TimeDigits; i < tail.Length; i++)
        {
            tail[i] = Digits[RandomNumberGenerator.GetInt32(Digits.Length)];
        }
        return $"{group}-{tail}";
    }

    /// <summary>Whether the id was made for the group; used to tell our leftovers from other groups'.</summary>
    public static bool BelongsTo(string id, string group) =>
        id.Length == group.Length + 1 + TimeDigits + ChanceDigits
        && id.StartsWith(group, StringComparison.Ordinal)
        && id[group.Length] == '-'
        && !id.AsSpan(group.Length + 1).ContainsAnyExcept(DigitSet);
}
