using System.Net.Sockets;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using GoPlugin.Protocol;
using Empty = GoPlugin.Protocol.Empty;

namespace GoPlugin.Tests;

public sealed class ServicesTests : IAsyncLifetime
{
    private LocalPlugin _plugin = null!;
    private ScriptedHost _host = null!;

    public async Task InitializeAsync()
    {
        _plugin = await LocalPlugin.StartAsync();
        _host = _plugin.Connect();
    }

    public async Task DisposeAsync()
    {
        _host.Dispose();
        await _plugin.DisposeAsync();
    }

    [Theory]
    [InlineData("plugin", 0)]
    [InlineData("", 0)]
    [InlineData("other", 5)]
    public async Task Health_knows_the_plugin_and_nothing_else(string service, int status)
    {
        var answer = await _host.CallAsync("/grpc.health.v1.Health/Check", new HealthCheckRequest { Service = service });
        Assert.Equal(status, answer.Status);
        if (status == 0)
        {
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, answer.Single<HealthCheckResponse>().Status);
        }
    }

    [Fact]
    public async Task Streams_stay_alive_on_one_connection_while_nobody_speaks_and_while_150_others_are_open()
    {
        // The default data rates of the server end the connection after 6 s of silence.
        var bodies = new List<DuplexContent>();
        var responses = new List<HttpResponseMessage>();
        for (var i = 0; i < 150; i++)
        {
            var body = new DuplexContent();
            bodies.Add(body);
            responses.Add(await _host.OpenAsync("/test.Plugin/Chat", body).WaitAsync(Deadline.Generous));
        }

        using var stdio = await _host.OpenAsync(
            "/plugin.GRPCStdio/StreamStdio", new ByteArrayContent(ScriptedHost.Frame([]))).WaitAsync(Deadline.Generous);
        await Task.Delay(TimeSpan.FromSeconds(8));

        Assert.Equal(0, (await _host.CallAsync("/test.Plugin/Echo", new BytesValue())).Status);
        await bodies[77].WriteAsync(ScriptedHost.Frame([42]));
        await using var stream = await responses[77].Content.ReadAsStreamAsync();
        var answer = new byte[6];
        await stream.ReadExactlyAsync(answer).AsTask().WaitAsync(Deadline.Generous);
        Assert.Equal(ScriptedHost.Frame([42]), answer);
        Assert.Equal(1, _host.Connections);
        bodies.ForEach(body => body.Complete());
        responses.ForEach(response => response.Dispose());
    }

    [Fact]
    public async Task A_connection_without_open_streams_is_kept()
    {
        Assert.Equal(0, (await _host.CallAsync("/test.Plugin/Echo", new BytesValue())).Status);
        // Several ticks of the server's one-second timer, at which a keep-alive that overflowed would already be over.
        await Task.Delay(TimeSpan.FromSeconds(5));
        Assert.Equal(0, (await _host.CallAsync("/test.Plugin/Echo", new BytesValue())).Status);
        Assert.Equal(1, _host.Connections);
    }

    [Fact]
    public async Task A_thousand_parallel_calls_are_answered()
    {
        var calls = Enumerable.Range(0, 1000).Select(i => _host.CallAsync("/test.Plugin/Echo", new BytesValue { Value = ByteString.CopyFrom((byte)i) }));
        var answers = await Task.WhenAll(calls).WaitAsync(Deadline.Generous);
        Assert.All(answers.Select((answer, i) => (answer, i)), pair => Assert.Equal((byte)pair.i, pair.answer.Single<BytesValue>().Value.Single()));
    }

    [Fact]
    public async Task Stdio_carries_what_was_printed_and_ends_with_success_when_the_plugin_stops()
    {
        _plugin.Stdio.Write("early "u8);
        using var response = await _host.OpenAsync("/plugin.GRPCStdio/StreamStdio", new ByteArrayContent(ScriptedHost.Frame([])));
        _plugin.Stdio.Write("late"u8);
        var reading = response.Content.ReadAsByteArrayAsync();
        await Deadline.UntilAsync(() => _plugin.Stdio.Waiting == 0, "the queue is empty");
        await _plugin.Serving.StopAsync();
        var answer = new GrpcAnswer(response, await reading.WaitAsync(Deadline.Generous));
        Assert.Equal(0, answer.Status);
        var chunks = answer.Messages.Select(StdioData.Parser.ParseFrom).ToList();
        Assert.Equal("early late", string.Concat(chunks.Select(chunk => chunk.Data.ToStringUtf8())));
        Assert.All(chunks, chunk => Assert.Equal(StdioData.Types.Channel.Stdout, chunk.Channel));
    }

    [Fact]
    public void Output_nobody_reads_is_dropped_oldest_first_and_never_blocks()
    {
        for (var i = 0; i < 3000; i++)
        {
            _plugin.Stdio.Write(new byte[1024]);
        }

        Assert.Equal(1024, _plugin.Stdio.Waiting);
    }

    [Fact]
    public async Task Shutdown_works_first_then_answers_then_asks_for_the_end()
    {
        var work = new TaskCompletionSource();
        await using var plugin = await LocalPlugin.StartAsync(configure: options => options with { OnShuttingDown = _ => work.Task });
        using var host = plugin.Connect();
        var call = host.CallAsync("/plugin.GRPCController/Shutdown", new Empty());
        await Deadline.UntilAsync(() => plugin.LogLines.Any(line => line.Contains("asked", StringComparison.Ordinal)), "the request arrived");
        Assert.False(call.IsCompleted);
        Assert.False(plugin.Serving.ShutdownRequested.IsCompleted);
        // Others are still served meanwhile.
        Assert.Equal(0, (await host.CallAsync("/test.Plugin/Echo", new BytesValue())).Status);
        work.SetResult();
        Assert.Equal(0, (await call.WaitAsync(Deadline.Generous)).Status);
        await plugin.Serving.ShutdownRequested.WaitAsync(Deadline.Generous);
    }

    [Fact]
    public async Task Work_that_never_ends_is_abandoned_at_its_limit()
    {
        await using var plugin = await LocalPlugin.StartAsync(configure: options => options with
        {
            OnShuttingDown = _ => Task.Delay(Timeout.Infinite, CancellationToken.None),
            MaxShutdownTime = TimeSpan.FromMilliseconds(100),
        });
        using var host = plugin.Connect();
        var answer = await host.CallAsync("/plugin.GRPCController/Shutdown", new Empty()).WaitAsync(Deadline.Generous);
        Assert.Equal(0, answer.Status);
        Assert.Contains(plugin.LogLines, line => line.Contains("abandoned", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Calls_in_progress_end_with_unavailable_when_the_plugin_stops_and_the_socket_is_gone()
    {
        var call = _host.OpenAsync("/test.Plugin/Chat", new DuplexContent());
        using var response = await call.WaitAsync(Deadline.Generous);
        var reading = response.Content.ReadAsByteArrayAsync();
        await _plugin.Serving.StopAsync();
        try
        {
            Assert.Equal(14, new GrpcAnswer(response, await reading.WaitAsync(Deadline.Generous)).Status);
        }
        catch (HttpRequestException e) when (e.InnerException is HttpProtocolException { ErrorCode: 0 })
        {
            // The end of the connection may overtake the answer; gRPC clients report that as unavailable too.
        }
        await _plugin.Serving.DisposeAsync();
        Assert.False(Directory.Exists(Path.GetDirectoryName(_plugin.SocketPath)));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("\u0001\u0002garbage")]
    [InlineData("PRI * HTTP/2.0\r\n")]
    public async Task A_connection_that_speaks_something_else_does_no_harm(string text)
    {
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_plugin.SocketPath));
            await socket.SendAsync(System.Text.Encoding.Latin1.GetBytes(text));
        }

        Assert.Equal(0, (await _host.CallAsync("/test.Plugin/Echo", new BytesValue())).Status);
    }
}
