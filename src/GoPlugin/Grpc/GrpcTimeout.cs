using System.Globalization;

namespace GoPlugin.Grpc;

/// <summary>The grpc-timeout header: one to eight digits and a unit (H M S m u n). Go uses the finest unit that fits.</summary>
internal static class GrpcTimeout
{
    // Beyond this a CancellationTokenSource cannot count, and nobody waits so long.
    internal static readonly TimeSpan Longest = TimeSpan.FromDays(40);

    public static bool TryParse(string value, out TimeSpan timeout)
    {
        timeout = default;
        if (value.Length is < 2 or > 9
            || !long.TryParse(value.AsSpan(0, value.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var amount))
        {
            return false;
        }

        // In ticks of 100 ns; a nanosecond count is rounded up so that 1n is still in the future.
        long? ticks = value[^1] switch
        {
            'H' => amount * TimeSpan.TicksPerHour,
            'M' => amount * TimeSpan.TicksPerMinute,
            'S' => amount * TimeSpan.TicksPerSecond,
            'm' => amount * TimeSpan.TicksPerMillisecond,
            'u' => amount * TimeSpan.TicksPerMicrosecond,
            'n' => (amount + 99) / 100,
            _ => null,
        };
        timeout = TimeSpan.FromTicks(Math.Min(ticks ?? 0, Longest.Ticks));
        return ticks is not null;
    }

    public static string Format(TimeSpan timeout)
    {
        var milliseconds = (long)Math.Clamp(Math.Ceiling(timeout.TotalMilliseconds), 1, 99_999_999);
        return milliseconds.ToString(CultureInfo.InvariantCulture) + "m";
    }
}
