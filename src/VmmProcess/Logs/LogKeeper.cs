using LinuxHost;
using Microsoft.Extensions.Logging;

namespace VmmProcess;

/// <summary>
/// Keeps a machine's log files short for as long as it runs and this process watches it. A guest can write as fast as
/// the host's disk; it may do that to its own disk too, but a console is not counted as disk space. While no process of ours lives,
/// <see cref="Launcher"/>'s file size limit is the bound, and the next adoption cuts the file.
/// </summary>
public sealed class LogKeeper(string instanceId, IReadOnlyList<GuestLog> logs, TimeProvider time, ILogger logger)
{
    // The largest pile between two looks is what the host's disk takes in this time.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs until the machine has ended; never faults.</summary>
    public async Task RunAsync(Task ended)
    {
        using var timer = new PeriodicTimer(Interval, time);
        var unwatchable = new HashSet<GuestLog>();
        while (!ended.IsCompleted)
        {
            foreach (GuestLog log in logs.Where(log => !unwatchable.Contains(log)))
            {
                Trim(log, unwatchable);
            }
            await Task.WhenAny(ended, timer.WaitForNextTickAsync().AsTask());
        }
    }

    private void Trim(GuestLog log, HashSet<GuestLog> unwatchable)
    {
        try
        {
            if (log.Trim())
            {
                logger.LogCut(instanceId, log.Path);
            }
        }
        catch (Exception e) when (e is IOException or HostResourceException)
        {
            // Said once: a machine that replaces its log by something else does so for the rest of its life.
            unwatchable.Add(log);
            logger.LogNotCut(instanceId, log.Path, e.Message);
        }
    }
}
