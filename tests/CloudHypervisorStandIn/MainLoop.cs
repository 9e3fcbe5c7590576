using System.Collections.Concurrent;

namespace CloudHypervisorStandIn;

/// <summary>
/// The main thread, which does everything that changes the machine, one thing after another. It is also the thread that
/// starts QEMU: a parent-death signal follows the thread that started the child, and this one lives as long as the process.
/// </summary>
internal sealed class MainLoop : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private int? _exitCode;

    /// <summary>Runs what is posted until <see cref="End"/>.</summary>
    /// <returns>The exit code.</returns>
    internal int Run()
    {
        while (_exitCode is null)
        {
            _work.Take()();
        }
        return _exitCode.Value;
    }

    internal void Post(Action work) => _work.Add(work);

    /// <summary>What is posted behind it is not done any more; the first exit code stays. To be called on the loop.</summary>
    internal void End(int exitCode) => _exitCode ??= exitCode;

    /// <summary>Runs a function on the loop. Its result never comes when the loop ends before.</summary>
    internal Task<T> RunAsync<T>(Func<T> function)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                result.SetResult(function());
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        });
        return result.Task;
    }

    public void Dispose() => _work.Dispose();
}
