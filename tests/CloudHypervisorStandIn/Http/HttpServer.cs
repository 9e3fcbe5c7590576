using System.Net.Sockets;

namespace CloudHypervisorStandIn;

/// <summary>Serves up to ten connections; the one more gets an error and is closed. Requests are handled one at a time.</summary>
/// <param name="listener">Listens.</param>
/// <param name="maximumBody">Bytes a request's body may have.</param>
/// <param name="handle">Answers one request; calls never overlap.</param>
internal sealed class HttpServer(Socket listener, int maximumBody, Func<HttpRequest, Task<HttpResponse>> handle) : IDisposable
{
    private const int MaximumConnections = 10;
    private static readonly TimeSpan LastAnswerDeadline = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _connections;

    /// <summary>Serves for as long as the process lives.</summary>
    internal async Task RunAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The process is ending.
                return;
            }
            _ = ServeAsync(client);
        }
    }

    /// <summary>Waits for the last answer to be sent, but not for a client that does not take it.</summary>
    internal Task FinishAsync() => _turn.WaitAsync(LastAnswerDeadline);

    public void Dispose() => _turn.Dispose();

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            try
            {
                if (Interlocked.Increment(ref _connections) > MaximumConnections)
                {
                    await client.SendAsync(HttpResponse.ServerFull.ToArray());
                    return;
                }
                await ConverseAsync(client);
            }
            catch (SocketException)
            {
                // The client has gone.
            }
            finally
            {
                Interlocked.Decrement(ref _connections);
            }
        }
    }

    private async Task ConverseAsync(Socket client)
    {
        var parser = new HttpParser(maximumBody);
        byte[] buffer = new byte[HttpParser.ReadSize];
        while (await client.ReceiveAsync(buffer) is > 0 and int count)
        {
            IReadOnlyList<HttpRequest> requests;
            bool mustContinue;
            try
            {
                requests = parser.Feed(buffer.AsSpan(0, count), out mustContinue);
            }
            catch (FormatException e)
            {
                await client.SendAsync(HttpResponse.ParseError(e.Message).Encode());
                continue;
            }
            if (mustContinue)
            {
                await client.SendAsync(HttpResponse.Continue.Encode());
            }
            foreach (HttpRequest request in requests)
            {
                await AnswerAsync(client, request);
            }
        }
    }

    // The turn is over when the answer is on its way, so that whoever waits for a turn finds all answers sent.
    private async Task AnswerAsync(Socket client, HttpRequest request)
    {
        await _turn.WaitAsync();
        try
        {
            HttpResponse response = await handle(request);
            await client.SendAsync(response.Encode());
        }
        finally
        {
            _turn.Release();
        }
    }
}
