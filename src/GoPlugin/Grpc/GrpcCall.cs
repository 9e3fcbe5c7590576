using Google.Protobuf;
using Microsoft.AspNetCore.Http.Features;

namespace GoPlugin.Grpc;

/// <summary>
/// One call in progress: its metadata, and the two message streams. Reading and writing may go on at the same time;
/// writers may overlap, readers may not.
/// </summary>
#pragma warning disable CA1001 // The semaphore holds nothing to release: its wait handle is never asked for.
public sealed class GrpcCall
#pragma warning restore CA1001
{
    private readonly IHttpRequestFeature _request;
    private readonly MessageReader _reader;
    private readonly IHttpResponseBodyFeature _body;
    private readonly SemaphoreSlim _writing = new(1, 1);

    internal GrpcCall(IFeatureCollection features, int maxMessageBytes, DateTimeOffset? deadline, CancellationToken stopping)
    {
        _request = features.GetRequiredFeature<IHttpRequestFeature>();
        _body = features.GetRequiredFeature<IHttpResponseBodyFeature>();
        _reader = new MessageReader(
            features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader, maxMessageBytes, GetHeader("grpc-encoding"));
        Deadline = deadline;
        Stopping = stopping;
    }

    /// <summary>The method's path, "/package.Service/Method".</summary>
    public string Path => _request.Path;

    /// <summary>When the caller stops waiting; null when it never does.</summary>
    public DateTimeOffset? Deadline { get; }

    /// <summary>Fires when the server stops. The handler's own token fires too; this one tells why.</summary>
    public CancellationToken Stopping { get; }

    internal Action? AfterCompletion { get; private set; }

    /// <summary>A request header (metadata) by its lower-case name, or null. Values of "-bin" keys are base64.</summary>
    /// <param name="name">The header's name.</param>
    public string? GetHeader(string name) => _request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;

    /// <summary>The next request message as bytes, or null when the caller has sent its last.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="GrpcStatusException">Broken framing, or a message above the size limit.</exception>
    public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken) => _reader.ReadAsync(cancellationToken);

    /// <summary>The next request message, parsed, or null when the caller has sent its last.</summary>
    /// <typeparam name="T">The message's type.</typeparam>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="GrpcStatusException">Broken framing, a message above the size limit, or not a message of this type.</exception>
    public async ValueTask<T?> ReadAsync<T>(CancellationToken cancellationToken)
        where T : class, IMessage<T>, new()
        => await ReadAsync(cancellationToken) is { } bytes ? GrpcMessage.Parse<T>(bytes) : null;

    /// <summary>Sends one response message and flushes it.</summary>
    /// <param name="message">The encoded message; may be empty.</param>
    /// <param name="cancellationToken">Ends the wait for the caller's flow-control window.</param>
    /// <exception cref="OperationCanceledException">Cancelled, or the caller is gone.</exception>
    public async Task WriteAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            HasStarted = true;
            await MessageWriter.WriteAsync(_body.Writer, message, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Sends one response message and flushes it.</summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">Ends the wait for the caller's flow-control window.</param>
    /// <exception cref="OperationCanceledException">Cancelled, or the caller is gone.</exception>
    public Task WriteAsync(IMessage message, CancellationToken cancellationToken)
        => WriteAsync(message.ToByteArray(), cancellationToken);

    /// <summary>Sends the response headers now. Streams do so first thing: some callers wait for them.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            HasStarted = true;
            // Starting alone leaves the headers in Kestrel's buffer until the first message.
            await _body.StartAsync(cancellationToken);
            await _body.Writer.FlushAsync(cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    internal bool HasStarted { get; private set; }

    internal ValueTask<ReadOnlyMemory<byte>> ReadSingleAsync(CancellationToken cancellationToken)
        => _reader.ReadSingleAsync(cancellationToken);

    /// <summary>Runs once the answer, trailers included, is on its way; also when the caller is gone.</summary>
    internal void OnCompleted(Action action) => AfterCompletion += action;
}
