namespace LinuxHost.Tests;

/// <summary>Waits for a condition with a generous deadline and says what it waited for.</summary>
internal static class Eventually
{
    internal static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    internal static async Task TrueAsync(Func<bool> condition, string subject)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Deadline, $"within {Deadline.TotalSeconds} s: {subject}");
            await Task.Delay(5);
        }
    }
}
