using System.Diagnostics;
using GoPlugin.Hosting;

namespace GoPlugin.Tests;

public sealed class HostWatchTests
{
    [Fact]
    public async Task The_end_of_the_watched_process_is_seen()
    {
#pragma warning disable RS0030 // Tests of a project that knows nothing of ours start processes themselves.
        using var process = Process.Start("sleep", "600");
#pragma warning restore RS0030
        using var watch = HostWatch.Of(process.Id);
        Assert.False(watch.Gone.IsCompleted);
        process.Kill();
        await watch.Gone.WaitAsync(Deadline.Generous);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_living_parent_is_watched_and_the_watch_can_be_ended(bool usePidfd)
    {
        var watch = HostWatch.OfParent(TimeProvider.System, usePidfd);
        Assert.False(watch.Gone.IsCompleted);
        watch.Dispose();
        Assert.False(watch.Gone.IsCompleted);
    }
}
