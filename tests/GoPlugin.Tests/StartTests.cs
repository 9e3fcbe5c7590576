using System.Net.Sockets;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace GoPlugin.Tests;

/// <summary>Between the handshake line and the first answer: the host connects while server and application still start.</summary>
public sealed class StartTests : IDisposable
{
    private const int SIGTERM = 15;

    private readonly string _directory = Directory.CreateTempSubdirectory("gp").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Gate => Path.Combine(_directory, "gate");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_host_that_calls_before_the_application_has_started_is_answered_once_it_has(bool autoMtls)
    {
        using var certificate = HostCertificate.Create();
        using var plugin = PluginProcess.Start(
            [.. Environment(), ("PLUGIN_CLIENT_CERT", autoMtls ? certificate.ExportCertificatePem() : "")]);
        var fields = await plugin.HandshakeAsync();
        using var host = autoMtls ? new ScriptedHost(fields[3], certificate, fields[5]) : new ScriptedHost(fields[3]);
        var calling = host.CallAsync("/test.Plugin/Echo", new BytesValue { Value = ByteString.CopyFromUtf8("early") });
        await Deadline.UntilAsync(() => host.Connections == 1, "the host connects");
        Assert.False(calling.IsCompleted);

        OpenGate();

        Assert.Equal("early", (await calling.WaitAsync(Deadline.Generous)).Single<BytesValue>().Value.ToStringUtf8());
        Assert.Equal(1, host.Connections);
    }

    [Fact]
    public async Task An_application_that_cannot_start_is_one_error_entry_a_closed_connection_and_a_nonzero_exit()
    {
        using var plugin = PluginProcess.Start([.. Environment(), ("TEST_START_FAULT", "out of cheese")]);
        var fields = await plugin.HandshakeAsync();
        using var early = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await early.ConnectAsync(new UnixDomainSocketEndPoint(fields[3]));

        OpenGate();

        Assert.Equal(1, await plugin.ExitAsync());
        await Deadline.UntilAsync(() => plugin.Errors.Contains("cannot start", StringComparison.Ordinal), "the error is logged");
        var entry = JsonDocument.Parse(plugin.Errors.Split('\n')[0]).RootElement;
        Assert.Equal("error", entry.GetProperty("@level").GetString());
        Assert.Contains("out of cheese", entry.GetProperty("error").GetString(), StringComparison.Ordinal);
        await AssertEndsAsync(early);
        Assert.Equal(["gate"], Directory.GetFileSystemEntries(_directory).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_signal_right_after_the_handshake_does_not_end_the_start()
    {
        using var plugin = PluginProcess.Start(Environment());
        var fields = await plugin.HandshakeAsync();
        PluginProcess.Signal(plugin.Pid, SIGTERM);
        await Deadline.UntilAsync(() => plugin.Errors.Contains("ignored", StringComparison.Ordinal), "the signal is logged");

        OpenGate();

        using var host = new ScriptedHost(fields[3]);
        Assert.Equal(0, (await host.CallAsync("/test.Plugin/Echo", new BytesValue())).Status);
    }

    [Fact]
    public async Task What_the_application_prints_while_it_starts_does_not_reach_standard_output()
    {
        using var plugin = PluginProcess.Start([.. Environment(), ("TEST_START_PRINT", "hello"), ("TEST_START_FAULT", "that was all")]);
        await plugin.HandshakeAsync();

        OpenGate();

        Assert.Equal("", await plugin.Output.ReadToEndAsync().WaitAsync(Deadline.Generous));
    }

    private void OpenGate() => File.WriteAllText(Gate, "");

    // A connection nobody has accepted ends with a reset or with an end, as the kernel likes.
    private static async Task AssertEndsAsync(Socket socket)
    {
        try
        {
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1]).WaitAsync(Deadline.Generous));
        }
        catch (SocketException e)
        {
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        }
    }

    private (string Name, string Value)[] Environment()
        => [("PLUGIN_PROTOCOL_VERSIONS", "5"), ("TMPDIR", _directory), ("TEST_START_GATE", Gate)];
}
