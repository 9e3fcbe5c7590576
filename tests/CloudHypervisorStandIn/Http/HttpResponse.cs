using System.Globalization;
using System.Text;
using System.Text.Json;

namespace CloudHypervisorStandIn;

/// <summary>An answer, byte for byte as micro-http writes it: no reason phrase, the connection is always kept.</summary>
/// <param name="Status">The code.</param>
/// <param name="Body">Absent: none, which is a length of zero, or with 100 and 204 no length at all.</param>
/// <param name="Server">Errors of the HTTP layer itself carry the name of the project that the layer comes from.</param>
internal sealed record HttpResponse(int Status, string? Body = null, string Server = HttpResponse.Api)
{
    private const string Api = "Cloud Hypervisor API";
    private const string Layer = "Firecracker API";

    /// <summary>The answer to Expect: 100-continue.</summary>
    internal static HttpResponse Continue { get; } = new(100, null, Layer);

    internal static HttpResponse NoContent { get; } = new(204);

    /// <summary>What a client gets that finds all connections taken; it is closed then.</summary>
    internal static ReadOnlySpan<byte> ServerFull =>
        "HTTP/1.1 503\r\nServer: Firecracker API\r\nConnection: close\r\nContent-Length: 40\r\n\r\n{ \"error\": \"Too many open connections\" }"u8;

    /// <summary>An error array, outermost cause first.</summary>
    internal static HttpResponse Error(int status, IReadOnlyList<string> causes) =>
        new(status, JsonSerializer.Serialize([.. causes], StandInJson.Plain.StringArray));

    /// <summary>What the parser says to bytes that are no request; the raw newline in the text is the real one's.</summary>
    internal static HttpResponse ParseError(string reason) =>
        new(400, $"{{ \"error\": \"{reason}\nAll previous unanswered requests will be dropped.\" }}", Layer);

    internal byte[] Encode()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {Status} \r\nServer: {Server}\r\nConnection: keep-alive\r\n");
        if (Status is not (100 or 204))
        {
            int length = Body is null ? 0 : Encoding.UTF8.GetByteCount(Body);
            text.Append(CultureInfo.InvariantCulture, $"Content-Type: application/json\r\nContent-Length: {length}\r\n");
        }
        text.Append("\r\n").Append(Body);
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
