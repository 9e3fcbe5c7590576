using VmPool;

namespace VmmProcess;

/// <summary>The saving of a running machine as a template: one deadline, and what has been written goes away when it fails.</summary>
public static class TemplateSaving
{
    /// <summary>Runs it to its end.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="directory">The template's, for messages.</param>
    /// <param name="deadline">For all of it.</param>
    /// <param name="time">For the deadline.</param>
    /// <param name="save">Saves.</param>
    /// <param name="undo">Removes what a failed saving has written.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <exception cref="HypervisorException">It could not be saved; says why.</exception>
    public static async Task RunAsync(
        MachineProcess machine, string directory, TimeSpan deadline, TimeProvider time,
        Func<CancellationToken, Task> save, Action undo, CancellationToken cancellationToken)
    {
        using var clock = new CancellationTokenSource(deadline, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
        try
        {
            await save(both.Token);
        }
        catch (Exception e)
        {
            undo();
            cancellationToken.ThrowIfCancellationRequested();
            string reason = e is OperationCanceledException ? $"it took longer than {deadline.TotalSeconds:0.#} s" : e.Message;
            throw new HypervisorException(
                $"cannot save {machine.InstanceId} as template {directory}: {reason}; last output: {machine.ReadLastOutput().ReplaceLineEndings(" | ")}", e);
        }
    }
}
