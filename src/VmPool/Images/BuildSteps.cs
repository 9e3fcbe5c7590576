using Microsoft.Extensions.Logging;

namespace VmPool.Images;

/// <summary>
/// Runs the named steps of one build: start, end and duration of each at info, and at least every 30 seconds what is running
/// and where the full log is. A failure becomes one error with step, last output and log.
/// </summary>
internal sealed class BuildSteps(string hash, BuildLog log, TimeProvider time, ILogger logger, Action<string> changed)
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, long> _durations = [];
    private volatile string _activity = "";

    /// <summary>Milliseconds of each finished step, in order.</summary>
    public IReadOnlyDictionary<string, long> Durations => _durations;

    /// <summary>The full log.</summary>
    public BuildLog Log => log;

    /// <summary>Says what the running step is doing now, for example a command.</summary>
    public void Doing(string activity) => _activity = activity;

    /// <summary>Runs one step.</summary>
    /// <exception cref="ImageBuildException">It failed.</exception>
    public async Task RunAsync(string step, string activity, Func<Task> work, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        _activity = activity;
        changed(step);
        log.StartSection($"{step}: {activity}");
        logger.StepStarted(hash, step, activity, log.Path);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task heart = BeatAsync(step, began, ended.Token);
        try
        {
            await work();
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            string output = log.Tail();
            throw new ImageBuildException(
                $"image {hash}: step {step} failed: {e.Message}{(output.Length > 0 ? $"; last output: {output}" : "")}; full log: {log.Path}", e);
        }
        finally
        {
            await ended.CancelAsync();
            await heart;
        }
        _durations[step] = (long)time.GetElapsedTime(began).TotalMilliseconds;
        logger.StepDone(hash, step, _durations[step]);
    }

    private async Task BeatAsync(string step, long began, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Beat, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                long elapsed = (long)time.GetElapsedTime(began).TotalMilliseconds;
                logger.StepRunning(hash, step, elapsed, _activity, log.Path);
            }
        }
        catch (OperationCanceledException)
        {
            // The step has ended; that is how this loop ends.
        }
    }
}
