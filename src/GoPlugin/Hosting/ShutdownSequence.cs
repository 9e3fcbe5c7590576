using Microsoft.Extensions.Logging;

namespace GoPlugin.Hosting;

/// <summary>The request to end, and the application's work before it: done once, bounded, whatever asked for it.</summary>
internal sealed class ShutdownSequence
{
    private readonly TaskCompletionSource _requested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lazy<Task> _prepared;

    public ShutdownSequence(Func<CancellationToken, Task>? work, TimeSpan limit, TimeProvider clock, ILogger logger)
    {
        _prepared = new Lazy<Task>(() => work is null ? Task.CompletedTask : DoWorkAsync(work, limit, clock, logger));
    }

    /// <summary>Completes when the process is to end.</summary>
    public Task Requested => _requested.Task;

    public void Request() => _requested.TrySetResult();

    /// <summary>The work; never throws, never takes longer than the limit.</summary>
    public Task PrepareAsync() => _prepared.Value;

    private static async Task DoWorkAsync(Func<CancellationToken, Task> work, TimeSpan limit, TimeProvider clock, ILogger logger)
    {
        using var late = new CancellationTokenSource(limit, clock);
        try
        {
            // Also bounded if it ignores its token or never yields.
            var working = Task.Run(() => work(late.Token), CancellationToken.None);
            if (await Task.WhenAny(working, Task.Delay(limit, clock)) == working)
            {
                await working;
            }
            else
            {
                Log.ShutdownWorkLate(logger, limit);
            }
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            Log.ShutdownWorkLate(logger, limit);
        }
        catch (Exception e)
        {
            Log.ShutdownWorkFailed(logger, e);
        }
    }
}
