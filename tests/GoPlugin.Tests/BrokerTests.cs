using System.Security.Cryptography.X509Certificates;
using Google.Protobuf.WellKnownTypes;
using GoPlugin.Grpc;
using GoPlugin.Hosting;
using GoPlugin.Protocol;
using GoPlugin.Security;
using Microsoft.Extensions.Logging.Abstractions;

namespace GoPlugin.Tests;

public sealed class BrokerTests
{
    [Fact]
    public async Task The_plugin_calls_what_the_host_announces_on_its_stream()
    {
        await using var callback = await CallbackServer.StartAsync(null);
        await using var plugin = await LocalPlugin.StartAsync();
        using var host = plugin.Connect();
        using var body = new DuplexContent();
        using var stream = await host.OpenAsync("/plugin.GRPCBroker/StartStream", body);
        // The dial comes first and waits for the announcement.
        var dialling = host.CallAsync("/test.Plugin/DialBack", new UInt32Value { Value = 7 });
        await Deadline.UntilAsync(() => plugin.Options.Broker.Waiting == 1, "the dial waits");
        await AnnounceAsync(body, 7, callback.SocketPath);
        Assert.Equal("hello plugin", (await dialling.WaitAsync(Deadline.Generous)).Single<StringValue>().Value);
        Assert.Equal(0, plugin.Options.Broker.Waiting);
        body.Complete();
    }

    [Fact]
    public async Task With_AutoMTLS_both_sides_of_the_callback_are_authenticated()
    {
        using var certificate = HostCertificate.Create();
        await using var plugin = await LocalPlugin.StartAsync(new PluginEnvironment
        {
            SocketDirectory = Path.GetTempPath(),
            ClientCertificatePem = certificate.ExportCertificatePem(),
        });
        var own = plugin.Fields[5];
        using var ownCertificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(own.PadRight((own.Length + 3) / 4 * 4, '=')));
        using var hostSide = AutoMtls.FromPair(certificate, ownCertificate, TimeProvider.System);
        await using var callback = await CallbackServer.StartAsync(hostSide);
        plugin.Options.Broker.Announce(new ConnInfo { ServiceId = 1, Network = "unix", Address = callback.SocketPath });
        using var host = new ScriptedHost(plugin.SocketPath, certificate, own);
        var answer = await host.CallAsync("/test.Plugin/DialBack", new UInt32Value { Value = 1 });
        Assert.Equal("hello plugin", answer.Single<StringValue>().Value);

        using var strangerCertificate = HostCertificate.Create();
        using var strangerSide = AutoMtls.FromPair(strangerCertificate, ownCertificate, TimeProvider.System);
        await using var stranger = await CallbackServer.StartAsync(strangerSide);
        plugin.Options.Broker.Announce(new ConnInfo { ServiceId = 2, Network = "unix", Address = stranger.SocketPath });
        Assert.Equal(14, (await host.CallAsync("/test.Plugin/DialBack", new UInt32Value { Value = 2 })).Status);
    }

    [Fact]
    public async Task An_id_that_is_never_announced_is_named_and_forgotten()
    {
        var broker = new GrpcBroker();
        broker.Announce(new ConnInfo { ServiceId = 9, Knock = new ConnInfo.Types.Knock { Knock_ = true } });
        var error = await Assert.ThrowsAsync<TimeoutException>(() => broker.DialAsync(9, CancellationToken.None));
        Assert.Contains("broker id 9", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, broker.Waiting);
    }

    [Fact]
    public async Task An_announcement_is_forgotten_after_five_seconds_and_a_newer_one_counts()
    {
        var broker = new GrpcBroker();
        broker.Announce(new ConnInfo { ServiceId = 1, Network = "carrier pigeon", Address = "old" });
        broker.Announce(new ConnInfo { ServiceId = 1, Network = "carrier pigeon", Address = "new" });
        broker.Announce(new ConnInfo { ServiceId = 2, Network = "unix", Address = "/x" });
        var error = await Assert.ThrowsAsync<NotSupportedException>(() => broker.DialAsync(1, CancellationToken.None));
        Assert.Contains("'new'", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, broker.Waiting);
        await Deadline.UntilAsync(() => broker.Waiting == 0, "the announcement is forgotten");
    }

    [Fact]
    public async Task A_server_that_is_not_there_or_refuses_or_is_late_is_told_apart()
    {
        await using var plugin = await LocalPlugin.StartAsync();
        using var nowhere = new GrpcChannel(new System.Net.Sockets.UnixDomainSocketEndPoint("/nonexistent.sock"), null, TimeProvider.System);
        Assert.Equal(StatusCode.Unavailable, (await FailureAsync(nowhere, "/test.Plugin/Echo")).Code);
        using var channel = new GrpcChannel(new System.Net.Sockets.UnixDomainSocketEndPoint(plugin.SocketPath), null, TimeProvider.System);
        Assert.Equal(StatusCode.Unimplemented, (await FailureAsync(channel, "/test.Plugin/Nothing")).Code);
        Assert.Equal(new GrpcStatus(StatusCode.Unknown, "outer: ü"), await FailureAsync(channel, "/test.Plugin/Fail", "ü"));
        Assert.Equal(StatusCode.DeadlineExceeded, (await FailureAsync(channel, "/plugin.GRPCStdio/StreamStdio", timeout: TimeSpan.FromMilliseconds(100))).Code);
    }

    private static async Task<GrpcStatus> FailureAsync(GrpcChannel channel, string path, string text = "", TimeSpan? timeout = null)
        => (await Assert.ThrowsAsync<GrpcStatusException>(() => channel.CallAsync<StringValue, StringValue>(
            path, new StringValue { Value = text }, timeout, CancellationToken.None))).Status;

    private static Task AnnounceAsync(DuplexContent body, uint id, string address)
        => body.WriteAsync(ScriptedHost.Frame(Google.Protobuf.MessageExtensions.ToByteArray(
            new ConnInfo { ServiceId = id, Network = "unix", Address = address })));

    /// <summary>What a host would serve for its plugin.</summary>
    private sealed class CallbackServer : IAsyncDisposable
    {
        private readonly PluginSocket _socket = PluginSocket.Listen(new PluginEnvironment { SocketDirectory = Path.GetTempPath() }, NullLogger.Instance);
        private KestrelListener _listener = null!;

        public string SocketPath => _socket.Path;

        public static async Task<CallbackServer> StartAsync(AutoMtls? mtls)
        {
            var server = new CallbackServer();
            var router = new GrpcRouter().Add(new GrpcService("test.Host").Unary<StringValue, StringValue>(
                "Greet", (request, _, _) => Task.FromResult(new StringValue { Value = "hello " + request.Value })));
            var dispatcher = new GrpcDispatcher(
                [router], new GrpcDispatcherOptions(1 << 20, GrpcStatus.FromException, TimeProvider.System, NullLogger.Instance, CancellationToken.None));
            server._listener = await KestrelListener.StartAsync(server._socket, mtls, dispatcher, NullLoggerFactory.Instance, TimeProvider.System);
            return server;
        }

        public async ValueTask DisposeAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            await _listener.StopAsync(limit.Token);
            await _listener.DisposeAsync();
            _socket.Dispose();
        }
    }
}
