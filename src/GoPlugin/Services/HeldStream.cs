using GoPlugin.Grpc;

namespace GoPlugin.Services;

/// <summary>Streams that stay open as long as both sides live.</summary>
internal static class HeldStream
{
    /// <summary>Returns when the server stops (the stream then ends with status 0) and throws when the caller leaves.</summary>
    public static async Task UntilEndAsync(GrpcCall call, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (OperationCanceledException) when (call.Stopping.IsCancellationRequested)
        {
            // The orderly end.
        }
    }
}
