using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Google.Protobuf;

namespace GoPlugin.Tests;

/// <summary>What came back: status from trailers or, without a body, from the headers.</summary>
internal sealed class GrpcAnswer
{
    public GrpcAnswer(HttpResponseMessage response, byte[] body)
    {
        Http = response.StatusCode;
        IsTrailersOnly = response.Headers.Contains("grpc-status");
        var source = IsTrailersOnly ? response.Headers : response.TrailingHeaders;
        Status = source.TryGetValues("grpc-status", out var status) ? int.Parse(status.Single(), CultureInfo.InvariantCulture) : null;
        RawMessage = source.TryGetValues("grpc-message", out var message) ? message.Single() : "";
        ContentType = response.Content.Headers.ContentType?.ToString();
        while (body.Length > 0)
        {
            Assert.Equal(0, body[0]);
            var length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1));
            Messages.Add(body[5..(5 + length)]);
            body = body[(5 + length)..];
        }
    }

    public HttpStatusCode Http { get; }

    public bool IsTrailersOnly { get; }

    public int? Status { get; }

    public string RawMessage { get; }

    public string Message => Uri.UnescapeDataString(RawMessage);

    public string? ContentType { get; }

    public List<byte[]> Messages { get; } = [];

    public T Single<T>()
        where T : IMessage<T>, new()
    {
        Assert.True(Status == 0, $"status {Status}: {Message}");
        var message = new T();
        message.MergeFrom(Assert.Single(Messages));
        return message;
    }
}
