using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace GoPlugin.Security;

/// <summary>
/// The certificate this process makes for itself at each start; its key never leaves the process. P-256 rather than the
/// host's P-521, which crypto policies may switch off. Go needs the DNS name in the alternative names, current validity
/// and both key usages (the same certificate is the client's when we dial the host back).
/// </summary>
internal sealed class PluginCertificate : IDisposable
{
    private const int SerialBytes = 16;

    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(30);

    // A plugin may live as long as its host; go-plugin's own certificates last thirty years too.
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(262_980);

    private readonly X509Certificate2 _certificate;
    private readonly ECDsa? _key;
    private readonly Lazy<SslStreamCertificateContext> _presented;

    private PluginCertificate(X509Certificate2 certificate, ECDsa? key)
    {
        _certificate = certificate;
        _key = key;
        // Not before the first connection: making it reads the system's whole trust store, and the handshake line, which
        // needs only the certificate's bytes, has no time for that.
        _presented = new Lazy<SslStreamCertificateContext>(
            () => SslStreamCertificateContext.Create(key is null ? certificate : certificate.CopyWithPrivateKey(key), null, offline: true));
    }

    /// <summary>The certificate without its key, in DER.</summary>
    public byte[] RawData => _certificate.RawData;

    /// <summary>What a TLS peer gets to see.</summary>
    public SslStreamCertificateContext Presented => _presented.Value;

    public static PluginCertificate Create(TimeProvider clock)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // Not from the text "CN=localhost": reading that takes several times as long as making the key.
        var localhost = new X500DistinguishedNameBuilder();
        localhost.AddCommonName(AutoMtls.ServerName);
        var name = localhost.Build();
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(AutoMtls.ServerName);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        var now = clock.GetUtcNow();
        var certificate = request.Create(
            name, X509SignatureGenerator.CreateForECDsa(key), now - ClockTolerance, now + Lifetime, RandomNumberGenerator.GetBytes(SerialBytes));
        return new PluginCertificate(certificate, key);
    }

    /// <summary>A certificate that has its key already; how a host's side is played in tests.</summary>
    internal static PluginCertificate Of(X509Certificate2 certificate) => new(certificate, null);

    public void Dispose()
    {
        if (_presented.IsValueCreated)
        {
            _presented.Value.TargetCertificate.Dispose();
        }

        _certificate.Dispose();
        _key?.Dispose();
    }
}
