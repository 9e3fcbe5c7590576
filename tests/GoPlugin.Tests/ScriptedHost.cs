using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;

namespace GoPlugin.Tests;

/// <summary>The other end of the wire, at the level of HTTP/2: it can also do what no gRPC client would.</summary>
internal sealed class ScriptedHost : IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly string _base;

    public ScriptedHost(
        string socketPath, X509Certificate2? certificate = null, string? pluginCertificate = null, SslProtocols protocols = SslProtocols.None)
    {
        var useTls = pluginCertificate is not null;
        _base = useTls ? "https://localhost" : "http://localhost";
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            EnableMultipleHttp2Connections = false,
            ActivityHeadersPropagator = null,
            ConnectCallback = async (_, cancellationToken) =>
            {
                Interlocked.Increment(ref Connections);
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        if (useTls)
        {
            handler.SslOptions = new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                EnabledSslProtocols = protocols,
                ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
                RemoteCertificateValidationCallback = (_, remote, _, _) =>
                    remote is not null && Convert.ToBase64String(remote.GetRawCertData()).TrimEnd('=') == pluginCertificate,
            };
        }

        _http = new HttpMessageInvoker(handler);
    }

    public int Connections;

    public static byte[] Frame(byte[] message, byte flag = 0)
        => [flag, (byte)(message.Length >> 24), (byte)(message.Length >> 16), (byte)(message.Length >> 8), (byte)message.Length, .. message];

    public Task<GrpcAnswer> CallAsync(string path, IMessage request, string? timeout = null, CancellationToken cancellationToken = default)
        => SendAsync(path, new ByteArrayContent(Frame(request.ToByteArray())), timeout, cancellationToken: cancellationToken);

    public async Task<GrpcAnswer> SendAsync(
        string path,
        HttpContent body,
        string? timeout = null,
        string contentType = "application/grpc",
        HttpMethod? method = null,
        string? encoding = null,
        CancellationToken cancellationToken = default)
    {
        using var response = await OpenAsync(path, body, timeout, contentType, method, encoding, cancellationToken);
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        return new GrpcAnswer(response, bytes);
    }

    public Task<HttpResponseMessage> OpenAsync(
        string path,
        HttpContent body,
        string? timeout = null,
        string contentType = "application/grpc",
        HttpMethod? method = null,
        string? encoding = null,
        CancellationToken cancellationToken = default)
    {
        var message = new HttpRequestMessage(method ?? HttpMethod.Post, _base + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };
        body.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        message.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        if (timeout is not null)
        {
            message.Headers.Add("grpc-timeout", timeout);
        }

        if (encoding is not null)
        {
            message.Headers.Add("grpc-encoding", encoding);
        }

        return _http.SendAsync(message, cancellationToken);
    }

    public void Dispose() => _http.Dispose();
}
