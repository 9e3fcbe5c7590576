using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace GoPlugin.Tests;

public sealed class AutoMtlsTests : IAsyncLifetime
{
    private readonly X509Certificate2 _certificate = HostCertificate.Create();
    private LocalPlugin _plugin = null!;

    public async Task InitializeAsync() => _plugin = await LocalPlugin.StartAsync(
        new PluginEnvironment { SocketDirectory = Path.GetTempPath(), ClientCertificatePem = _certificate.ExportCertificatePem() });

    public async Task DisposeAsync()
    {
        await _plugin.DisposeAsync();
        _certificate.Dispose();
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task The_hosts_own_certificate_is_let_in(SslProtocols protocols) => await AssertServesAsync(protocols);

    [Fact]
    public async Task Another_certificate_is_refused_and_the_host_is_still_served()
    {
        using var other = HostCertificate.Create();
        using (var stranger = new ScriptedHost(_plugin.SocketPath, other, _plugin.Fields[5]))
        {
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => EchoAsync(stranger));
        }

        await AssertServesAsync();
        Assert.Contains(_plugin.LogLines, line => line.Contains("refused", StringComparison.Ordinal) && line.Contains("\"warn\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_peer_without_certificate_is_refused_and_the_host_is_still_served()
    {
        using (var stranger = new ScriptedHost(_plugin.SocketPath, null, _plugin.Fields[5]))
        {
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => EchoAsync(stranger));
        }

        await AssertServesAsync();
    }

    [Fact]
    public async Task A_plaintext_peer_is_refused_and_the_host_is_still_served()
    {
        using (var stranger = new ScriptedHost(_plugin.SocketPath))
        {
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => EchoAsync(stranger));
        }

        await AssertServesAsync();
    }

    [Fact]
    public async Task A_bare_probe_connection_does_no_harm_and_is_no_warning()
    {
        using (var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await probe.ConnectAsync(new UnixDomainSocketEndPoint(_plugin.SocketPath));
        }

        await AssertServesAsync();
        Assert.DoesNotContain(_plugin.LogLines, line => line.Contains("\"warn\"", StringComparison.Ordinal));
    }

    private async Task AssertServesAsync(SslProtocols protocols = SslProtocols.None)
    {
        using var host = new ScriptedHost(_plugin.SocketPath, _certificate, _plugin.Fields[5], protocols);
        var answer = await EchoAsync(host);
        Assert.Equal("hello", answer.Single<BytesValue>().Value.ToStringUtf8());
    }

    private static Task<GrpcAnswer> EchoAsync(ScriptedHost host)
        => host.CallAsync("/test.Plugin/Echo", new BytesValue { Value = ByteString.CopyFromUtf8("hello") });
}
