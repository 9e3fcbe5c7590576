using System.Net.Sockets;
using System.Text;
using MachineFixtures;

namespace CloudHypervisor.Tests;

/// <summary>
/// The other side of the API on a real unix socket: takes one request after the other and answers each with the bytes that the
/// test gives it.
/// </summary>
internal sealed class ApiPeer : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Queue<string?> _answers = new();
    private readonly List<string> _requests = [];
    private readonly CancellationTokenSource _ending = new();

    /// <param name="answers">In order. An empty one is never sent; a null one ends the connection instead, as a dying process does.</param>
    public ApiPeer(params string?[] answers)
    {
        foreach (string? answer in answers)
        {
            _answers.Enqueue(answer);
        }
        _listener.Bind(new UnixDomainSocketEndPoint(_directory[MachineFiles.Socket]));
        _listener.Listen(10);
        Serving = Task.Run(ServeAsync);
    }

    /// <summary>Every request as it came, head and body.</summary>
    public IReadOnlyList<string> Requests => _requests;

    /// <summary>How many connections there were.</summary>
    public int Connections { get; private set; }

    public string SocketPath => _directory[MachineFiles.Socket];

    private Task Serving { get; }

    /// <summary>A client that connects when it is first used.</summary>
    public ApiClient Client() => ApiClient.To("ci-1", _directory.Path);

    public static string NoContent => "HTTP/1.1 204 \r\nServer: Cloud Hypervisor API\r\nConnection: keep-alive\r\n\r\n";

    /// <summary>An answer with a body, as the real one heads it: without a reason phrase.</summary>
    public static string Answer(int status, string body) =>
        $"HTTP/1.1 {status} \r\nServer: Cloud Hypervisor API\r\nConnection: keep-alive\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    public void Dispose()
    {
        if (!_ending.IsCancellationRequested)
        {
            _ending.Cancel();
            _listener.Dispose();
            _directory.Dispose();
        }
    }

    private async Task ServeAsync()
    {
        while (_answers.Count > 0)
        {
            using Socket connection = await _listener.AcceptAsync(_ending.Token);
            Connections++;
            await using var stream = new NetworkStream(connection);
            while (await ReadAsync(stream) is { } request)
            {
                _requests.Add(request);
                if (_answers.Dequeue() is not { } answer)
                {
                    break;
                }
                await stream.WriteAsync(Encoding.UTF8.GetBytes(answer), _ending.Token);
            }
        }
    }

    private async Task<string?> ReadAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (true)
        {
            int count = await stream.ReadAsync(buffer, _ending.Token);
            if (count == 0)
            {
                return null;
            }
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
            string[] parts = text.ToString().Split("\r\n\r\n", 2);
            if (parts.Length == 2 && parts[1].Length >= LengthIn(parts[0]))
            {
                return text.ToString();
            }
        }
    }

    private static int LengthIn(string head) => head.Split("\r\n")
        .Where(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
        .Select(line => int.Parse(line.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture))
        .FirstOrDefault();
}
