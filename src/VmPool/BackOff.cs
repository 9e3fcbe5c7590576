namespace VmPool;

/// <summary>
/// How long to leave alone what has just failed: twice as long after each failure, from the beginning again when nothing has
/// failed for a while. Not thread-safe.
/// </summary>
internal sealed class BackOff(TimeSpan first, TimeSpan longest, TimeProvider clock)
{
    private TimeSpan pause;
    private DateTimeOffset failedAt;

    /// <summary>Notes a failure.</summary>
    /// <returns>Whether it is the first one of a row; the others are the same story.</returns>
    public bool Fail()
    {
        DateTimeOffset now = clock.GetUtcNow();
        bool isFirst = pause == default || now - failedAt > longest * 2;
        pause = isFirst ? first : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, longest.Ticks));
        failedAt = now;
        return isFirst;
    }

    /// <summary>The pause after the last failure.</summary>
    public TimeSpan Pause => pause;

    /// <summary>Time until the next try; zero when it may come now.</summary>
    public TimeSpan Left
    {
        get
        {
            TimeSpan left = failedAt + pause - clock.GetUtcNow();
            return pause == default || left < TimeSpan.Zero ? TimeSpan.Zero : left;
        }
    }
}
