using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace CloudHypervisorStandIn.Tests;

/// <summary>One connection to the API, byte by byte: an HTTP library would hide what the tests are about.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Socket _socket;
    private readonly List<byte> _received = [];

    private RawClient(Socket socket) => _socket = socket;

    public static async Task<RawClient> ConnectAsync(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
            return new RawClient(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async Task<string> CallAsync(string method, string path, string? body = null, string headers = "")
    {
        string length = body is null ? "" : string.Create(CultureInfo.InvariantCulture, $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n");
        await SendAsync($"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}{length}\r\n{body}");
        return await ReadResponseAsync();
    }

    public async Task SendAsync(string bytes) => await _socket.SendAsync(Encoding.UTF8.GetBytes(bytes));

    /// <summary>One whole response, as it came.</summary>
    public async Task<string> ReadResponseAsync()
    {
        int end;
        while ((end = Text().IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
        {
            Assert.True(await ReceiveAsync(), $"the connection ended within a response: {Text()}");
        }
        string head = Text()[..(end + 4)];
        string? length = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal));
        int total = head.Length + (length is null ? 0 : int.Parse(length["Content-Length: ".Length..], CultureInfo.InvariantCulture));
        while (_received.Count < total)
        {
            Assert.True(await ReceiveAsync(), "the connection ended within a body");
        }
        string response = Encoding.Latin1.GetString([.. _received[..total]]);
        _received.RemoveRange(0, total);
        return response;
    }

    /// <summary>Whether the other side has closed.</summary>
    public async Task<bool> IsAtEndAsync() => _received.Count == 0 && !await ReceiveAsync();

    public void Dispose() => _socket.Dispose();

    private string Text() => Encoding.Latin1.GetString([.. _received]);

    private async Task<bool> ReceiveAsync()
    {
        byte[] buffer = new byte[4096];
        using var clock = new CancellationTokenSource(Deadline);
        int count = await _socket.ReceiveAsync(buffer.AsMemory(), clock.Token);
        _received.AddRange(buffer.AsSpan(0, count));
        return count > 0;
    }
}
