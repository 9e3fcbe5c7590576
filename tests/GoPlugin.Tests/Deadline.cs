using System.Diagnostics;

namespace GoPlugin.Tests;

/// <summary>Waits that end early and fail loudly.</summary>
internal static class Deadline
{
    public static readonly TimeSpan Generous = TimeSpan.FromSeconds(60);

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < Generous, $"after {clock.Elapsed.TotalSeconds:0} s still not: {what}");
            await Task.Delay(10);
        }
    }
}
