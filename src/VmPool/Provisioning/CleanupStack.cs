
namespace VmPool.Provisioning;

/// <summary>
/// The undo of everything done so far, in reverse order. An undo is pushed when its resource exists and stays until it has
/// succeeded, so that unwinding can be repeated. "Already gone" is success for every undo.
/// </summary>
public sealed class CleanupStack
{
    private readonly Stack<Undo> undos = new();

    /// <summary>Adds the undo of what was just done.</summary>
    public void Push(Undo undo) => undos.Push(undo);

    /// <summary>
    /// Undoes everything, newest first. Stops at the first undo that fails, because those below hold what it needs to be
    /// found again; calling once more goes on with that one.
    /// </summary>
    public async Task UnwindAsync(CancellationToken cancellationToken)
    {
        while (undos.TryPeek(out Undo? undo))
        {
            try
            {
                await undo.Run(cancellationToken);
            }
            catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"undoing {undo.Name} did not finish in time", e);
            }
            catch (Exception e)
            {
                throw new UndoException($"undoing {undo.Name} failed: {e.Message}", e);
            }
            undos.Pop();
        }
    }
}

/// <summary>How one thing is undone.</summary>
/// <param name="Name">For errors, for example <c>slot 7</c>.</param>
/// <param name="Run">Gets a token that carries the deadline of the whole unwinding.</param>
public sealed record Undo(string Name, Func<CancellationToken, Task> Run)
{
    /// <summary>Two things that do not need each other, undone at the same time. Both are waited for, also when one fails.</summary>
    public static Undo Both(Undo one, Undo other) => new($"{one.Name} and {other.Name}", ct =>
        Task.WhenAll(Task.Run(() => one.Run(ct), CancellationToken.None), Task.Run(() => other.Run(ct), CancellationToken.None)));
}

/// <summary>One undo failed; it and everything below it are still to be undone.</summary>
public sealed class UndoException(string message, Exception inner) : Exception(message, inner);
