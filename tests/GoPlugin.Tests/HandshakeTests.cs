using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GoPlugin.Hosting;
using GoPlugin.Security;

namespace GoPlugin.Tests;

public sealed class HandshakeTests
{
    [Fact]
    public void A_plain_line_has_six_fields_and_an_empty_certificate()
        => Assert.Equal("1|5|unix|/tmp/x/plugin.sock|grpc|\n", Handshake.Format(new PluginEnvironment { AppVersion = 5 }, "/tmp/x/plugin.sock", null));

    [Fact]
    public void Multiplexing_is_answered_only_when_asked_for_and_then_refused()
        => Assert.Equal("1|1|unix|/s|grpc|CERT|false\n", Handshake.Format(new PluginEnvironment { MultiplexRequested = true }, "/s", "CERT"));

    [Fact]
    public void Fifty_certificates_are_sent_without_padding_and_can_be_read_back()
    {
        using var host = HostCertificate.Create();
        var lengths = new HashSet<int>();
        for (var i = 0; i < 50; i++)
        {
            using var mtls = AutoMtls.Create(host.ExportCertificatePem() + "\n", TimeProvider.System);
            var field = mtls.HandshakeField;
            Assert.DoesNotContain('=', field);
            var der = Convert.FromBase64String(field.PadRight((field.Length + 3) / 4 * 4, '='));
            lengths.Add(der.Length % 3);
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            Assert.True(certificate.MatchesHostname("localhost", allowWildcards: false, allowCommonName: false));
        }

        // Otherwise the padding was never at stake.
        Assert.True(lengths.Count > 1, "all certificates had the same length");
    }

    [Fact]
    public void The_certificate_serves_as_server_and_as_client_for_the_life_of_a_host()
    {
        using var own = PluginCertificate.Create(TimeProvider.System);
        using var certificate = X509CertificateLoader.LoadCertificate(own.RawData);
        var usages = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages;
        Assert.Equal(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"], usages.Cast<Oid>().Select(usage => usage.Value));
        Assert.Equal(certificate.Subject, certificate.Issuer);
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        Assert.InRange(now, certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime().AddYears(-29));
        Assert.False(certificate.HasPrivateKey);
        Assert.True(own.Presented.TargetCertificate.HasPrivateKey);
        Assert.Equal(own.RawData, own.Presented.TargetCertificate.RawData);
    }

    [Fact]
    public void A_host_certificate_that_is_none_is_named_before_anything_is_served()
    {
        var error = Assert.Throws<PluginStartException>(() => AutoMtls.Create("garbage", TimeProvider.System));
        Assert.Contains("PLUGIN_CLIENT_CERT", error.Message, StringComparison.Ordinal);
    }
}
