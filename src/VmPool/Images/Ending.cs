namespace VmPool.Images;

/// <summary>Work of a build that holds something which must be given back.</summary>
internal static class Ending
{
    /// <summary>Runs the work and then its cleanup. A failed cleanup is added to the work's own error and never takes its place.</summary>
    /// <param name="work">May be cancelled by the caller.</param>
    /// <param name="cleanUp">Runs in any case, so not with the caller's token.</param>
    /// <param name="leftover">What is left when the cleanup fails.</param>
    /// <param name="log">Told about a failed cleanup too.</param>
    public static async Task RunAsync(Func<Task> work, Func<Task> cleanUp, string leftover, BuildLog log)
    {
        try
        {
            await work();
        }
        catch (Exception cause)
        {
            try
            {
                await cleanUp();
            }
            catch (Exception e)
            {
                log.Write($"{leftover}: {e.Message}");
                if (cause is not OperationCanceledException)
                {
                    throw new ImageBuildException($"{cause.Message}; besides, {leftover}: {e.Message}", new AggregateException(cause, e));
                }
            }
            throw;
        }
        await cleanUp();
    }
}
