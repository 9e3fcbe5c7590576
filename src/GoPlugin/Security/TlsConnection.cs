using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace GoPlugin.Security;

/// <summary>
/// TLS between the socket and Kestrel's HTTP/2. Kestrel's own HTTPS support wants a service container, whose start costs
/// more than everything this server needs of it.
/// </summary>
internal sealed class TlsConnection(ConnectionDelegate next, AutoMtls mtls, ILogger logger, TimeProvider clock)
{
    // A connection that never speaks TLS must not stay for ever; hosts probe with bare connections.
    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(10);

    public async Task RunAsync(ConnectionContext connection)
    {
        var plain = connection.Transport;
        var tls = new SslStream(new DuplexPipeStream(plain), leaveInnerStreamOpen: false);
        await using (tls)
        {
            if (!await AuthenticateAsync(tls, connection.ConnectionClosed))
            {
                return;
            }

            var features = new TlsFeatures(tls);
            connection.Features.Set<ITlsConnectionFeature>(features);
            connection.Features.Set<ITlsApplicationProtocolFeature>(features);
            // Kestrel completes its input first and may still be writing: the stream is nobody's to close but ours.
            var transport = new TlsPipe(
                PipeReader.Create(tls, new StreamPipeReaderOptions(leaveOpen: true)), PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true)));
            connection.Transport = transport;
            try
            {
                await next(connection);
            }
            finally
            {
                connection.Transport = plain;
                await transport.Input.CompleteAsync();
                await transport.Output.CompleteAsync();
            }
        }
    }

    private async Task<bool> AuthenticateAsync(SslStream tls, CancellationToken closed)
    {
        using var limit = new CancellationTokenSource(HandshakeLimit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, closed);
        try
        {
            await tls.AuthenticateAsServerAsync(mtls.ServerOptions(), either.Token);
            return true;
        }
        catch (Exception e)
        {
            // A host's probe closes without a byte, which is no fault. Anything else is a peer without the right certificate.
            if (!closed.IsCancellationRequested || e is System.Security.Authentication.AuthenticationException)
            {
                Log.TlsRefused(logger, e);
            }

            return false;
        }
    }

    private sealed record TlsPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    // Kestrel learns from the first that the scheme is https, from the second that ALPN chose h2.
    private sealed class TlsFeatures(SslStream tls) : ITlsConnectionFeature, ITlsApplicationProtocolFeature
    {
        public X509Certificate2? ClientCertificate { get; set; } = tls.RemoteCertificate as X509Certificate2;

        public ReadOnlyMemory<byte> ApplicationProtocol => tls.NegotiatedApplicationProtocol.Protocol;

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken)
            => Task.FromResult(ClientCertificate);
    }
}
