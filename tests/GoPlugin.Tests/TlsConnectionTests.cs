using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using GoPlugin.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;

namespace GoPlugin.Tests;

public sealed class TlsConnectionTests
{
    [Fact]
    public async Task What_is_written_after_the_input_is_completed_still_reaches_the_host()
    {
        using X509Certificate2 ours = HostCertificate.Create();
        using X509Certificate2 theirs = HostCertificate.Create();
        using var plugin = AutoMtls.FromPair(ours, theirs, TimeProvider.System);
        using var host = AutoMtls.FromPair(theirs, ours, TimeProvider.System);
        var toPlugin = new Pipe();
        var toHost = new Pipe();
        await using var connection = new DefaultConnectionContext("test", new Sides(toPlugin.Reader, toHost.Writer), new Sides(toHost.Reader, toPlugin.Writer));
        // What Kestrel does when a host ends the connection while an answer is still being written.
        var server = new TlsConnection(
            async inner =>
            {
                await inner.Transport.Input.CompleteAsync();
                await inner.Transport.Output.WriteAsync("late"u8.ToArray());
            },
            plugin, NullLogger.Instance, TimeProvider.System);
        Task serving = server.RunAsync(connection);

        await using var tls = new SslStream(new DuplexPipeStream(new Sides(toHost.Reader, toPlugin.Writer)));
        await tls.AuthenticateAsClientAsync(host.ClientOptions()).WaitAsync(Deadline.Generous);
        byte[] answer = new byte[4];
        await tls.ReadExactlyAsync(answer).AsTask().WaitAsync(Deadline.Generous);

        Assert.Equal("late", Encoding.ASCII.GetString(answer));
        await serving.WaitAsync(Deadline.Generous);
    }

    private sealed record Sides(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
