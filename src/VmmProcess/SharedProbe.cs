namespace VmmProcess;

/// <summary>Something that is found out once for all who ask. A failure is not kept: what was missing may have been installed meanwhile.</summary>
/// <typeparam name="T">What is found out.</typeparam>
/// <param name="inspect">Finds it out, and ends by its own deadlines.</param>
public sealed class SharedProbe<T>(Func<Task<T>> inspect)
{
    private readonly Lock _gate = new();
    private Task<T>? _found;

    /// <summary>The answer; the first to ask waits for it.</summary>
    /// <exception cref="Exception">That of the inspection.</exception>
    public async Task<T> GetAsync(CancellationToken cancellationToken)
    {
        Task<T> found;
        lock (_gate)
        {
            if (_found is null || _found.IsFaulted)
            {
                // Several callers share one run: none of them cancels it for the others.
                _found = inspect();
            }
            found = _found;
        }
        return await found.WaitAsync(cancellationToken);
    }
}
