using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using VmPool.Guests;
using VmPool.Ports;
using VmPool.Tests.Templates;

namespace VmPool.Tests.Guests;

public sealed class GuestAgentTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_agent_gets_one_line_with_all_of_the_identity_and_entropy_of_its_own()
    {
        using var first = new ScriptedAgent("OK\n");
        using var second = new ScriptedAgent("OK\n");

        await first.IdentifyAsync(Identity());
        await second.IdentifyAsync(Identity());

        JsonElement call = await first.CallAsync();
        JsonElement other = await second.CallAsync();
        Assert.Equal("group-1", call.GetProperty("id").GetString());
        Assert.Equal("group-1-host", call.GetProperty("hostname").GetString());
        Assert.Equal("ci", call.GetProperty("user").GetString());
        Assert.Equal("ssh-key one", call.GetProperty("authorized_key").GetString());
        Assert.Equal("-----PEM-----\n", call.GetProperty("host_key").GetString());
        Assert.Equal("ssh-key host", call.GetProperty("host_key_pub").GetString());
        Assert.Equal(64, call.GetProperty("entropy").GetBytesFromBase64().Length);
        Assert.Matches("^[0-9a-f]{32}$", call.GetProperty("machine_id").GetString());
        var told = DateTimeOffset.UnixEpoch.AddTicks(long.Parse(call.GetProperty("time_ns").GetString()!, System.Globalization.CultureInfo.InvariantCulture) / 100);
        Assert.InRange(DateTimeOffset.UtcNow - told, TimeSpan.Zero, s_deadline);
        foreach (string name in new[] { "entropy", "machine_id" })
        {
            Assert.NotEqual(other.GetProperty(name).GetString(), call.GetProperty(name).GetString());
        }
    }

    [Theory]
    [InlineData("ERROR no space left\n", "no space left")]
    [InlineData("ERROR \u001b[2Jcleared\n", "ERROR [2Jcleared")]
    [InlineData("OK, nearly\n", "OK, nearly")]
    [InlineData("", "(nothing)")]
    public async Task Whatever_is_not_OK_is_an_error_with_the_guests_own_printable_words(string answer, string expected)
    {
        using var agent = new ScriptedAgent(answer);

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => agent.IdentifyAsync(Identity()));

        Assert.Contains("group-1", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', error.Message);
    }

    [Fact]
    public async Task A_guest_that_listens_a_moment_later_is_reached()
    {
        var reserved = new TcpListener(IPAddress.Loopback, 0);
        reserved.Start();
        int port = ((IPEndPoint)reserved.LocalEndpoint).Port;
        reserved.Stop();
        Task identifying = new GuestAgent(TimeProvider.System, port).IdentifyAsync(IPAddress.Loopback, new FakeGuest(), Identity(), CancellationToken.None);
        await Task.Delay(200);
        using var agent = new ScriptedAgent("OK\n", port);

        await identifying.WaitAsync(s_deadline);
        Assert.Equal("group-1", (await agent.CallAsync()).GetProperty("id").GetString());
    }

    [Fact]
    public async Task Whether_it_listens_is_found_out_without_a_word()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var agent = new GuestAgent(TimeProvider.System, ((IPEndPoint)listener.LocalEndpoint).Port);

        await agent.WaitAsync(IPAddress.Loopback, new FakeGuest(), CancellationToken.None).WaitAsync(s_deadline);

        using Socket knock = await listener.AcceptSocketAsync();
        Assert.Equal(0, await knock.ReceiveAsync(new byte[1]).WaitAsync(s_deadline));
    }

    [Fact]
    public async Task A_machine_that_ends_first_ends_the_wait_for_its_answer()
    {
        using var agent = new ScriptedAgent(null);
        var machine = new FakeGuest();
        Task identifying = agent.IdentifyAsync(Identity(), machine);
        await agent.CallAsync();

        await machine.StopAsync(CancellationToken.None);

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => identifying.WaitAsync(s_deadline));
        Assert.Contains("ended while its agent applied its identity", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_identity_that_does_not_fit_into_a_call_is_refused_before_the_guest_sees_any_of_it()
    {
        using var agent = new ScriptedAgent("OK\n");

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => agent.IdentifyAsync(Identity() with { AuthorizedKey = new string('k', AgentCall.MaximumBytes) }));

        Assert.Contains("16384", error.Message, StringComparison.Ordinal);
    }

    private static GuestIdentity Identity() => new()
    {
        InstanceId = "group-1",
        HostName = "group-1-host",
        User = "ci",
        AuthorizedKey = "ssh-key one\n",
        HostKeyPem = "-----PEM-----",
        HostKeyPublic = "ssh-key host",
    };

    /// <summary>Takes one line, answers with one text and closes; keeps silent when there is no text.</summary>
    private sealed class ScriptedAgent : IDisposable
    {
        private readonly TcpListener _listener;
        private readonly TaskCompletionSource<string> _line = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TcpClient? _client;

        public ScriptedAgent(string? answer, int port = 0)
        {
            _listener = new TcpListener(IPAddress.Loopback, port);
            _listener.Start();
            _ = ServeAsync(answer);
        }

        public async Task<JsonElement> CallAsync()
        {
            using JsonDocument document = JsonDocument.Parse(await _line.Task.WaitAsync(s_deadline));
            return document.RootElement.Clone();
        }

        public Task IdentifyAsync(GuestIdentity identity, FakeGuest? machine = null) =>
            new GuestAgent(TimeProvider.System, ((IPEndPoint)_listener.LocalEndpoint).Port)
                .IdentifyAsync(IPAddress.Loopback, machine ?? new FakeGuest(), identity, CancellationToken.None).WaitAsync(s_deadline);

        public void Dispose()
        {
            _client?.Dispose();
            _listener.Dispose();
        }

        private async Task ServeAsync(string? answer)
        {
            try
            {
                string? line;
                do
                {
                    // A connection that came a moment too late for the client has nothing to say; the real agent waits on too.
                    _client = await _listener.AcceptTcpClientAsync();
                    line = await new StreamReader(_client.GetStream(), Encoding.UTF8).ReadLineAsync();
                }
                while (line is null);
                _line.TrySetResult(line);
                if (answer is not null)
                {
                    await _client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(answer));
                    _client.Dispose();
                }
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
            {
                _line.TrySetException(e);
            }
        }
    }
}
