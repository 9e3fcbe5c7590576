using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace NetworkDriver;

/// <summary>The two ends of every test connection: a server that answers with the address it was reached from, and its client.</summary>
internal static class Peers
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>Answers TCP and UDP on each endpoint until it is killed.</summary>
    public static async Task ServeAsync(string[] endpoints)
    {
        var serving = new List<Task>();
        foreach (IPEndPoint endpoint in endpoints.Select(IPEndPoint.Parse))
        {
            var listener = new TcpListener(endpoint);
            listener.Start();
            var datagrams = new UdpClient(endpoint);
            serving.Add(AcceptAsync(listener));
            serving.Add(AnswerAsync(datagrams));
        }
        Console.WriteLine("ready");
        await Task.WhenAll(serving);
    }

    /// <summary>Tries each "tcp:ADDRESS:PORT" or "udp:ADDRESS:PORT" and prints one word or the server's answer for each.</summary>
    public static async Task ProbeAsync(string[] targets)
    {
        foreach (string target in targets)
        {
            IPEndPoint endpoint = IPEndPoint.Parse(target[4..]);
            Console.WriteLine(await TryAsync(endpoint, target.StartsWith("tcp", StringComparison.Ordinal)));
        }
    }

    /// <summary>Opens as many flows as asked for by sending one datagram to each of as many ports, none of which answers.</summary>
    public static async Task FloodAsync(IPAddress target, int flows)
    {
        const int firstPort = 10_000;
        using var socket = new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        for (int port = firstPort; port < firstPort + flows; port++)
        {
            await socket.SendToAsync("?"u8.ToArray(), new IPEndPoint(target, port));
        }
    }

    private static async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            using Socket peer = await listener.AcceptSocketAsync();
            await peer.SendAsync(Encoding.ASCII.GetBytes(Name(peer.RemoteEndPoint)));
        }
    }

    private static async Task AnswerAsync(UdpClient datagrams)
    {
        while (true)
        {
            UdpReceiveResult question = await datagrams.ReceiveAsync();
            await datagrams.SendAsync(Encoding.ASCII.GetBytes(Name(question.RemoteEndPoint)), question.RemoteEndPoint);
        }
    }

    private static async Task<string> TryAsync(IPEndPoint endpoint, bool tcp)
    {
        using var socket = new Socket(endpoint.AddressFamily, tcp ? SocketType.Stream : SocketType.Dgram, tcp ? ProtocolType.Tcp : ProtocolType.Udp);
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            await socket.ConnectAsync(endpoint, deadline.Token);
            if (!tcp)
            {
                await socket.SendAsync("?"u8.ToArray(), deadline.Token);
            }
            byte[] answer = new byte[100];
            int length = await socket.ReceiveAsync(answer, deadline.Token);
            return Encoding.ASCII.GetString(answer, 0, length);
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode.ToString();
        }
        catch (OperationCanceledException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"silence for {Patience.TotalSeconds} s");
        }
    }

    private static string Name(EndPoint? endpoint) => ((IPEndPoint)endpoint!).Address.ToString();
}
