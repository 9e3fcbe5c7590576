namespace VmPool.Provisioning;

/// <summary>Lets one background task sleep until somebody has work for it, or for a time.</summary>
internal sealed class WakeUp(TimeProvider clock)
{
    private TaskCompletionSource bell = New();

    /// <summary>Ends the sleep, or the next one when the task is awake.</summary>
    public void Ring() => Volatile.Read(ref bell).TrySetResult();

    /// <summary>Sleeps. Only one task may.</summary>
    public async Task SleepAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        try
        {
            await bell.Task.WaitAsync(atMost, clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Time to look around without being called.
        }
        // Before the work that follows, so that a ring during it is heard afterwards.
        Volatile.Write(ref bell, New());
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
