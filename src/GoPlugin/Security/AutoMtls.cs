using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace GoPlugin.Security;

/// <summary>
/// go-plugin's AutoMTLS: each side makes a certificate per start, hands it to the other outside of TLS (environment
/// variable one way, handshake line the other), and trusts that one alone. The comparison here is the only
/// authentication of the peer, byte for byte and in both directions.
/// </summary>
internal sealed class AutoMtls : IDisposable
{
    public const string ServerName = "localhost";

    private readonly PluginCertificate _own;
    private readonly X509Certificate2 _host;
    private readonly TimeProvider _clock;

    private AutoMtls(PluginCertificate own, X509Certificate2 host, TimeProvider clock)
    {
        _own = own;
        _host = host;
        _clock = clock;
    }

    /// <summary>Field 6 of the handshake: the certificate's DER in base64 without padding, which the host's decoder rejects.</summary>
    public string HandshakeField => Convert.ToBase64String(_own.RawData).TrimEnd('=');

    /// <exception cref="PluginStartException">The host's text is not a certificate.</exception>
    public static AutoMtls? CreateIfAsked(PluginEnvironment environment, TimeProvider clock)
        => environment.ClientCertificatePem is { } pem ? Create(pem, clock) : null;

    /// <exception cref="PluginStartException">The host's text is not a certificate.</exception>
    public static AutoMtls Create(string hostCertificatePem, TimeProvider clock)
    {
        X509Certificate2 host;
        try
        {
            // It reads PEM as well. CreateFromPem does so in generic code that is compiled only at run time, and the handshake
            // would wait for it.
            host = X509CertificateLoader.LoadCertificate(Encoding.UTF8.GetBytes(hostCertificatePem));
        }
        catch (CryptographicException e)
        {
            throw new PluginStartException(
                $"PLUGIN_CLIENT_CERT is set ({hostCertificatePem.Length} characters) but holds no PEM certificate, so no host could be "
                + "authenticated; start the plugin from its host, or unset the variable",
                e);
        }

        return new AutoMtls(PluginCertificate.Create(clock), host, clock);
    }

    /// <summary>Both certificates known already; how a peer's side is played in tests.</summary>
    internal static AutoMtls FromPair(X509Certificate2 own, X509Certificate2 peer, TimeProvider clock) => new(PluginCertificate.Of(own), peer, clock);

    public SslServerAuthenticationOptions ServerOptions() => new()
    {
        ServerCertificateContext = _own.Presented,
        ClientCertificateRequired = true,
        RemoteCertificateValidationCallback = IsHost,
        CertificateChainPolicy = OnlyTheHost(),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        // grpc-go from 1.67 on refuses a server that selects nothing.
        ApplicationProtocols = [SslApplicationProtocol.Http2],
    };

    public SslClientAuthenticationOptions ClientOptions() => new()
    {
        TargetHost = ServerName,
        // A context, unlike a collection, is presented whatever issuers the server names.
        ClientCertificateContext = _own.Presented,
        RemoteCertificateValidationCallback = IsHost,
        CertificateChainPolicy = OnlyTheHost(),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
    };

    public void Dispose()
    {
        _own.Dispose();
        _host.Dispose();
    }

    // The chain decides nothing here; without this policy each connection would be compared with the system's trust store.
    private X509ChainPolicy OnlyTheHost() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { _host },
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };

    // Chain errors are expected, the certificate is self-signed: the pin replaces the chain.
    private bool IsHost(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        return certificate is not null
            && CryptographicOperations.FixedTimeEquals(certificate.GetRawCertData(), _host.RawData)
            && now >= _host.NotBefore.ToUniversalTime()
            && now <= _host.NotAfter.ToUniversalTime();
    }
}
