using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using MachineFixtures;

namespace Qemu.Tests;

/// <summary>The other end of a control connection, spoken by the test itself.</summary>
internal sealed class QmpPeer : IAsyncDisposable
{
    private const string Greeting = """{"QMP": {"version": {}, "capabilities": []}}""";
    private readonly NetworkStream _stream;
    private readonly StreamReader _reader;

    private QmpPeer(Socket socket)
    {
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new StreamReader(_stream);
    }

    public static async Task<(QmpPeer Peer, Stream Client)> PairAsync()
    {
        using var directory = new TestDirectory();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(directory["s"]));
        listener.Listen();
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(directory["s"]));
        return (new QmpPeer(await listener.AcceptAsync()), new NetworkStream(client, ownsSocket: true));
    }

    /// <summary>Greets, grants the capabilities and gives the open connection.</summary>
    public static async Task<(QmpPeer Peer, QmpConnection Connection)> OpenAsync()
    {
        (QmpPeer peer, Stream client) = await PairAsync();
        Task<QmpConnection> opening = QmpConnection.OpenAsync(client, "ci-1", TimeSpan.FromSeconds(20), TimeProvider.System, CancellationToken.None);
        await peer.SendAsync(Greeting);
        (string name, long id) = await peer.ReadAsync();
        Assert.Equal("qmp_capabilities", name);
        await peer.SendAsync($$"""{"return": {}, "id": {{id}}}""");
        return (peer, await opening);
    }

    public async Task SendAsync(string line) => await _stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"));

    public async Task<(string Name, long Id)> ReadAsync()
    {
        JsonElement command = JsonElement.Parse((await _reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)))!);
        return (command.GetProperty("execute").GetString()!, command.GetProperty("id").GetInt64());
    }

    public async Task<string> ReadLineAsync() => (await _reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)))!;

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
