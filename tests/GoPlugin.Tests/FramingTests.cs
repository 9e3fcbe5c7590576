using System.Net;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace GoPlugin.Tests;

public sealed class FramingTests : IAsyncLifetime
{
    private const string Echo = "/test.Plugin/Echo";

    private LocalPlugin _plugin = null!;
    private ScriptedHost _host = null!;

    public async Task InitializeAsync()
    {
        _plugin = await LocalPlugin.StartAsync(configure: options => options with { MaxMessageBytes = 8 * 1024 * 1024 });
        _host = _plugin.Connect();
    }

    public async Task DisposeAsync()
    {
        _host.Dispose();
        await _plugin.DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16 * 1024 - 1)]
    [InlineData(16 * 1024)]
    [InlineData(16 * 1024 + 1)]
    [InlineData(5 * 1024 * 1024)]
    public async Task Messages_of_any_size_come_back_unchanged(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        var answer = await _host.CallAsync(Echo, new BytesValue { Value = ByteString.CopyFrom(bytes) });
        Assert.Equal(bytes, answer.Single<BytesValue>().Value.ToByteArray());
        Assert.Equal("application/grpc", answer.ContentType);
    }

    [Fact]
    public async Task A_message_may_straddle_frames_and_frames_may_hold_several_messages()
    {
        using var body = new DuplexContent();
        var opening = _host.OpenAsync("/test.Plugin/Chat", body);
        byte[] two = [.. ScriptedHost.Frame([1, 2, 3]), .. ScriptedHost.Frame([4])];
        await body.WriteAsync(two[..3]);
        await body.WriteAsync(two[3..6]);
        await body.WriteAsync([.. two[6..], .. ScriptedHost.Frame([]), .. ScriptedHost.Frame([5])]);
        body.Complete();
        using var response = await opening;
        var answer = new GrpcAnswer(response, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(0, answer.Status);
        Assert.Equal([[1, 2, 3], [4], [], [5]], answer.Messages);
    }

    [Theory]
    [InlineData(null, 13)]
    [InlineData("identity", 13)]
    [InlineData("gzip", 12)]
    public async Task A_compressed_message_is_refused(string? encoding, int status)
    {
        var answer = await _host.SendAsync(Echo, new ByteArrayContent(ScriptedHost.Frame([1], flag: 1)), encoding: encoding);
        Assert.Equal(status, answer.Status);
    }

    [Theory]
    [InlineData(new byte[] { 2, 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1 })]
    [InlineData(new byte[] { 0, 0 })]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 1, 255 })]
    public async Task Broken_framing_is_an_internal_error(byte[] body)
    {
        var answer = await _host.SendAsync(Echo, new ByteArrayContent(body));
        Assert.Equal(13, answer.Status);
        Assert.NotEqual("", answer.Message);
    }

    [Theory]
    [InlineData(new byte[] { 0, 255, 255, 255, 255 })]
    [InlineData(new byte[] { 0, 0, 128, 0, 1 })]
    public async Task A_prefix_above_the_limit_is_refused_whatever_follows(byte[] prefix)
    {
        var answer = await _host.SendAsync(Echo, new ByteArrayContent(prefix));
        Assert.Equal(8, answer.Status);
        Assert.Contains("8388608", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lying_prefix_below_the_limit_does_not_allocate_what_it_claims()
    {
        await _host.CallAsync(Echo, new BytesValue());
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < 20; i++)
        {
            var answer = await _host.SendAsync(Echo, new ByteArrayContent([0, 0, 127, 255, 255]));
            Assert.Equal(13, answer.Status);
        }

        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.True(allocated < 40L * 1024 * 1024, $"20 lies of 8 MiB allocated {allocated} bytes");
    }

    [Fact]
    public async Task Other_content_types_and_methods_are_refused_by_http()
    {
        var wrongType = await _host.SendAsync(Echo, new ByteArrayContent([]), contentType: "application/json");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, wrongType.Http);
        var wrongMethod = await _host.SendAsync(Echo, new ByteArrayContent([]), method: HttpMethod.Put);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, wrongMethod.Http);
        var subtype = await _host.SendAsync(Echo, new ByteArrayContent(ScriptedHost.Frame([])), contentType: "application/grpc+proto");
        Assert.Equal(0, subtype.Status);
    }
}
