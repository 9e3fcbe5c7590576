using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace GoPlugin.Security;

/// <summary>
/// The certificate this process makes for itself at each start; its key never leaves the process. P-256 rather than the
/// host's P-521, which crypto policies may switch off. Go needs the DNS name in the alternative names, current validity
/// and both key usages (the same certificate is the client's when we dial the host back).
/// </summary>
internal static class PluginCertificate
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(30);

    // A plugin may live as long as its host; go-plugin's own certificates last thirty years too.
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(262_980);

    public static X509Certificate2 Create(TimeProvider clock)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(AutoMtls.ServerName);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        var now = clock.GetUtcNow();
        return request.CreateSelfSigned(now - ClockTolerance, now + Lifetime);
    }
}
