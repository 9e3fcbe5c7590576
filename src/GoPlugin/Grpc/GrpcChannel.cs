using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Google.Protobuf;
using GoPlugin.Security;

namespace GoPlugin.Grpc;

/// <summary>
/// A client's connection to a gRPC server that the host runs for the plugin; unary calls. Connects on the first call and
/// again after a loss. With AutoMTLS the host's certificate is pinned and ours presented.
/// </summary>
public sealed class GrpcChannel : IDisposable
{
    private const int MaxMessageBytes = 64 * 1024 * 1024;

    private readonly EndPoint _endPoint;
    private readonly string _baseAddress;
    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _clock;

    internal GrpcChannel(EndPoint endPoint, AutoMtls? mtls, TimeProvider clock)
    {
        _endPoint = endPoint;
        _clock = clock;
        _baseAddress = (mtls is null ? "http://" : "https://") + AutoMtls.ServerName;
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            ConnectCallback = ConnectAsync,
        };
        if (mtls is not null)
        {
            handler.SslOptions = mtls.ClientOptions();
        }

        _http = new HttpMessageInvoker(handler);
    }

    /// <summary>Calls a unary method over generated messages.</summary>
    /// <typeparam name="TRequest">The request's type.</typeparam>
    /// <typeparam name="TResponse">The response's type.</typeparam>
    /// <param name="path">"/package.Service/Method".</param>
    /// <param name="request">The request.</param>
    /// <param name="timeout">The call's deadline from now, told to the server too; null for none.</param>
    /// <param name="cancellationToken">Gives the call up.</param>
    /// <exception cref="GrpcStatusException">The server's error, or Unavailable or DeadlineExceeded of this side.</exception>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        string path, TRequest request, TimeSpan? timeout, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
        => GrpcMessage.Parse<TResponse>(await CallAsync(path, request.ToByteArray(), timeout, cancellationToken));

    /// <summary>Calls a unary method with encoded messages.</summary>
    /// <param name="path">"/package.Service/Method".</param>
    /// <param name="request">The encoded request.</param>
    /// <param name="timeout">The call's deadline from now, told to the server too; null for none.</param>
    /// <param name="cancellationToken">Gives the call up.</param>
    /// <exception cref="GrpcStatusException">The server's error, or Unavailable or DeadlineExceeded of this side.</exception>
    public async Task<ReadOnlyMemory<byte>> CallAsync(
        string path, ReadOnlyMemory<byte> request, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        using var deadline = timeout is { } limit ? new CancellationTokenSource(limit, _clock) : new CancellationTokenSource();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return await ExchangeAsync(path, request, timeout, ended.Token);
        }
        catch (OperationCanceledException e) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new GrpcStatusException(StatusCode.DeadlineExceeded, $"{path} at {_endPoint} did not answer within {timeout}", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new GrpcStatusException(StatusCode.Unavailable, $"cannot call {path} at {_endPoint}: {GrpcStatus.Describe(e)}", e);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private async Task<ReadOnlyMemory<byte>> ExchangeAsync(
        string path, ReadOnlyMemory<byte> request, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, _baseAddress + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(MessageWriter.Frame(request)),
        };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        message.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        if (timeout is { } limit)
        {
            message.Headers.Add("grpc-timeout", GrpcTimeout.Format(limit));
        }

        using var response = await _http.SendAsync(message, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new GrpcStatusException(StatusCode.Unknown, $"{path} at {_endPoint} answered HTTP {(int)response.StatusCode}");
        }

        // Headers alone: an error before any message.
        ThrowIfFailed(response.Headers);
        var reader = new MessageReader(PipeReader.Create(await response.Content.ReadAsStreamAsync(cancellationToken)), MaxMessageBytes, null);
        var first = await reader.ReadAsync(cancellationToken);
        if (first is not null && await reader.ReadAsync(cancellationToken) is not null)
        {
            throw new GrpcStatusException(StatusCode.Internal, $"{path} at {_endPoint} answered more than one message");
        }

        ThrowIfFailed(response.TrailingHeaders);
        return first ?? throw new GrpcStatusException(StatusCode.Internal, $"{path} at {_endPoint} ended without a message or a status");
    }

    private static void ThrowIfFailed(HttpResponseHeaders headers)
    {
        if (!headers.TryGetValues("grpc-status", out var values))
        {
            return;
        }

        var text = values.First();
        var code = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? (StatusCode)number : StatusCode.Unknown;
        if (code != StatusCode.Ok)
        {
            var message = headers.TryGetValues("grpc-message", out var messages) ? StatusMessage.Decode(messages.First()) : "";
            throw new GrpcStatusException(code, message);
        }
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = _endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(_endPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
