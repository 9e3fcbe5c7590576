using Google.Protobuf.WellKnownTypes;
using GoPlugin.Grpc;

namespace GoPlugin.Tests;

public sealed class StatusTests : IAsyncLifetime
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
    [InlineData("plain")]
    [InlineData("größer als 100 %\nzweite Zeile\ttab 🦊")]
    [InlineData("%41 stays as it is")]
    public async Task Any_text_survives_the_way_to_the_host(string text)
    {
        var refused = await _host.CallAsync("/test.Plugin/Refuse", new StringValue { Value = text });
        Assert.Equal((9, text, true), (refused.Status, refused.Message, refused.IsTrailersOnly));
        var failed = await _host.CallAsync("/test.Plugin/Fail", new StringValue { Value = text });
        Assert.Equal((2, "outer: " + text), (failed.Status, failed.Message));
    }

    [Fact]
    public async Task A_long_text_is_shortened_below_four_kilobytes_at_a_character()
    {
        var answer = await _host.CallAsync("/test.Plugin/Refuse", new StringValue { Value = new string('ü', 10_000) });
        Assert.Equal(9, answer.Status);
        Assert.InRange(answer.RawMessage.Length, 3900, 4000);
        Assert.Equal("", answer.Message.Replace("ü", "", StringComparison.Ordinal).Replace("...", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_mapper_decides_about_unexpected_exceptions_and_its_own_failure_is_survived()
    {
        await using var plugin = await LocalPlugin.StartAsync(configure: options => options with
        {
            MapException = e => e.InnerException?.Message == "evil"
                ? throw new InvalidOperationException("mapper broke")
                : new GrpcStatus(StatusCode.ResourceExhausted, "mapped " + e.Message),
        });
        using var host = plugin.Connect();
        var mapped = await host.CallAsync("/test.Plugin/Fail", new StringValue { Value = "x" });
        Assert.Equal((8, "mapped outer"), (mapped.Status, mapped.Message));
        var unmapped = await host.CallAsync("/test.Plugin/Fail", new StringValue { Value = "evil" });
        Assert.Equal((2, "outer: evil"), (unmapped.Status, unmapped.Message));
    }

    [Fact]
    public async Task An_error_after_messages_travels_in_the_trailers()
    {
        var answer = await _host.CallAsync("/test.Plugin/Count", new Int32Value { Value = 3 });
        Assert.Equal((2, "counted too far", false), (answer.Status, answer.Message, answer.IsTrailersOnly));
        Assert.Equal(3, answer.Messages.Count);
        var none = await _host.CallAsync("/test.Plugin/Count", new Int32Value { Value = 0 });
        Assert.Equal(0, none.Status);
    }

    [Theory]
    [InlineData("/test.Plugin/Nothing")]
    [InlineData("/Test.Plugin/Echo")]
    [InlineData("/")]
    public async Task Unknown_methods_are_unimplemented(string path)
    {
        var answer = await _host.CallAsync(path, new Empty());
        Assert.Equal(12, answer.Status);
        Assert.Contains(path, answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_fallback_serves_methods_known_only_at_run_time()
    {
        var answer = await _host.CallAsync("/late.Service/Method", new StringValue { Value = "late" });
        Assert.Equal("late", answer.Single<StringValue>().Value);
    }

    [Fact]
    public async Task A_deadline_cancels_the_handler_and_is_answered()
    {
        var answer = await _host.CallAsync("/test.Plugin/Sleep", new Empty(), timeout: "200000u");
        Assert.Equal(4, answer.Status);
        await Deadline.UntilAsync(() => TestPlugin.TestServices.Sleeping == 0, "the handler ended");
        Assert.Equal(0, (await _host.CallAsync("/test.Plugin/Echo", new BytesValue())).Status);
    }

    [Fact]
    public async Task A_caller_that_gives_up_cancels_the_handler()
    {
        using var cancellation = new CancellationTokenSource();
        var call = _host.CallAsync("/test.Plugin/Sleep", new Empty(), cancellationToken: cancellation.Token);
        await Deadline.UntilAsync(() => TestPlugin.TestServices.Sleeping == 1, "the handler runs");
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Deadline.UntilAsync(() => TestPlugin.TestServices.Sleeping == 0, "the handler ended");
        Assert.Equal(0, (await _host.CallAsync("/test.Plugin/Echo", new BytesValue())).Status);
    }

    [Fact]
    public async Task A_malformed_timeout_is_an_internal_error()
        => Assert.Equal(13, (await _host.CallAsync("/test.Plugin/Echo", new BytesValue(), timeout: "5x")).Status);

    [Theory]
    [InlineData("499948u", 499.948)]
    [InlineData("19999902u", 19999.902)]
    [InlineData("1n", 0.0001)]
    [InlineData("2S", 2000)]
    [InlineData("3m", 3)]
    [InlineData("1M", 60_000)]
    [InlineData("1H", 3_600_000)]
    [InlineData("99999999H", 40.0 * 24 * 3_600_000)]
    public void Timeouts_are_read_in_every_unit_and_clamped(string text, double milliseconds)
    {
        Assert.True(GrpcTimeout.TryParse(text, out var timeout));
        Assert.Equal(milliseconds, timeout.TotalMilliseconds, 4);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("-1S")]
    [InlineData("123456789S")]
    [InlineData("1 S")]
    [InlineData("10")]
    public void Malformed_timeouts_are_not_read(string text) => Assert.False(GrpcTimeout.TryParse(text, out _));
}
