namespace GoPlugin.Grpc;

/// <summary>How one method is served, at the level of encoded messages.</summary>
public sealed class GrpcMethod
{
    private GrpcMethod(Func<GrpcCall, CancellationToken, Task> serveAsync)
    {
        ServeAsync = serveAsync;
    }

    internal Func<GrpcCall, CancellationToken, Task> ServeAsync { get; }

    /// <summary>One request message, one response message.</summary>
    /// <param name="handler">
    /// Gets the request, the call and a token that fires on the deadline, when the caller gives up and when the server stops.
    /// </param>
    public static GrpcMethod Unary(Func<ReadOnlyMemory<byte>, GrpcCall, CancellationToken, Task<ReadOnlyMemory<byte>>> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return new(async (call, cancellationToken) =>
        {
            var request = await call.ReadSingleAsync(cancellationToken);
            var response = await handler(request, call, cancellationToken);
            await call.WriteAsync(response, cancellationToken);
        });
    }

    /// <summary>One request message, any number of response messages written to the call.</summary>
    /// <param name="handler">As for <see cref="Unary"/>; the stream ends when it returns.</param>
    public static GrpcMethod ServerStreaming(Func<ReadOnlyMemory<byte>, GrpcCall, CancellationToken, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return new(async (call, cancellationToken) =>
        {
            var request = await call.ReadSingleAsync(cancellationToken);
            await call.StartAsync(cancellationToken);
            await handler(request, call, cancellationToken);
        });
    }

    /// <summary>
    /// Client or bidirectional streaming: the handler reads from and writes to the call itself. It may finish before the
    /// caller has; a client-streaming method writes exactly one message.
    /// </summary>
    /// <param name="handler">Gets the call and the token.</param>
    public static GrpcMethod Streaming(Func<GrpcCall, CancellationToken, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return new(handler);
    }
}
