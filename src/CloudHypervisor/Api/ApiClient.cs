using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using VmmProcess;
using VmPool;

namespace CloudHypervisor;

/// <summary>
/// Calls Cloud Hypervisor's REST API over its unix socket. One connection is kept and used for one call after the other: the
/// other side carries calls out one at a time in any case. It is a process that a guest may have taken over, so nothing
/// it says is followed, and what it may send is bounded.
/// </summary>
internal sealed class ApiClient : IDisposable
{
    private const int LongestAnswer = 4 << 20;
    private const int LongestHeadKilobytes = 16;

    private readonly HttpClient _http;
    private readonly string _instanceId;

    /// <param name="instanceId">For messages.</param>
    /// <param name="first">A connection that is open already; owned from here on.</param>
    /// <param name="connect">Opens another one when that has ended.</param>
    internal ApiClient(string instanceId, Stream? first, Func<CancellationToken, Task<Stream>> connect)
    {
        _instanceId = instanceId;
        Stream? open = first;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) => Interlocked.Exchange(ref open, null) ?? await connect(cancellationToken),
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            MaxConnectionsPerServer = 1,
            MaxResponseHeadersLength = LongestHeadKilobytes,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
            ActivityHeadersPropagator = null,
        })
        {
            BaseAddress = new Uri("http://localhost/api/v1/"),
            // Deadlines are the callers'.
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LongestAnswer,
        };
    }

    /// <summary>A client for a process that lives already: connects to its socket when it is first used.</summary>
    internal static ApiClient To(string instanceId, string directory) => new(instanceId, null, Connector(directory));

    /// <summary>Connects to the socket in a machine's directory.</summary>
    internal static Func<CancellationToken, Task<Stream>> Connector(string directory) =>
        cancellationToken => MachineSocket.ConnectInheritedAsync(directory, MachineFiles.Socket, cancellationToken);

    /// <summary>A call without a body; Cloud Hypervisor refuses even an empty object in it.</summary>
    /// <exception cref="ApiException">It refused.</exception>
    /// <exception cref="HypervisorException">The connection could not be had, or ended in the middle.</exception>
    // Empty content and not none: a call with content is never sent a second time when its connection breaks.
    internal Task PutAsync(string call, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, call, new ByteArrayContent([]), cancellationToken);

    /// <inheritdoc cref="PutAsync(string, CancellationToken)"/>
    internal Task PutAsync<T>(string call, T body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        // Bytes of a known length: a body in chunks would be taken for an empty one.
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, type));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return SendAsync(HttpMethod.Put, call, content, cancellationToken);
    }

    /// <summary>A question.</summary>
    /// <exception cref="ApiException">It refused.</exception>
    /// <exception cref="HypervisorException">The connection could not be had, or ended in the middle, or the answer is none.</exception>
    internal async Task<T> GetAsync<T>(string call, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        byte[] answer = await SendAsync(HttpMethod.Get, call, null, cancellationToken);
        try
        {
            return JsonSerializer.Deserialize(answer, type) ?? throw new HypervisorException($"cloud-hypervisor of {_instanceId} answered {call} with null");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new HypervisorException($"cloud-hypervisor of {_instanceId} answered {call} with something that is no answer: {e.Message}", e);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<byte[]> SendAsync(HttpMethod method, string call, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, call) { Content = content };
        try
        {
            using HttpResponseMessage answer = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
            byte[] body = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            return answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.NoContent
                ? body
                : throw new ApiException(call, answer.StatusCode, ApiError.Describe(body));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new HypervisorException($"cloud-hypervisor of {_instanceId} did not answer {call}: {(e.InnerException ?? e).Message}", e);
        }
    }
}
