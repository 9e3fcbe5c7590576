using MachineFixtures;
using VmPool;

namespace CloudHypervisor.Tests;

/// <summary>The client against a peer that answers byte for byte as Cloud Hypervisor was seen to answer.</summary>
public sealed class ApiClientTests
{
    private static readonly RestoreCall Restore = new() { SourceUrl = "file:///snapshot", Resume = true };

    [Fact]
    public async Task A_call_is_one_request_with_a_body_of_known_length()
    {
        using var peer = new ApiPeer(ApiPeer.NoContent);
        using ApiClient client = peer.Client();

        await client.PutAsync("vm.restore", Restore, ApiJson.Default.RestoreCall, CancellationToken.None);

        Assert.Equal(
            "PUT /api/v1/vm.restore HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 47\r\n\r\n"
            + """{"source_url":"file:///snapshot","resume":true}""",
            Assert.Single(peer.Requests));
    }

    [Fact]
    public async Task A_call_without_a_body_has_none_at_all()
    {
        using var peer = new ApiPeer(ApiPeer.NoContent);
        using ApiClient client = peer.Client();

        await client.PutAsync("vm.pause", CancellationToken.None);

        Assert.Equal("PUT /api/v1/vm.pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", Assert.Single(peer.Requests));
    }

    [Fact]
    public async Task Calls_share_one_connection_and_a_closed_one_is_opened_again()
    {
        using var peer = new ApiPeer(ApiPeer.NoContent, ApiPeer.NoContent, null, ApiPeer.NoContent);
        using ApiClient client = peer.Client();
        await client.PutAsync("vm.pause", CancellationToken.None);
        await client.PutAsync("vm.resume", CancellationToken.None);
        Assert.Equal(1, peer.Connections);

        await Assert.ThrowsAsync<HypervisorException>(() => client.PutAsync("vm.pause", CancellationToken.None));
        await client.PutAsync("vm.resume", CancellationToken.None);

        Assert.Equal(2, peer.Connections);
        Assert.Equal(4, peer.Requests.Count);
    }

    [Theory]
    [InlineData(500, """["Error from API","The VM could not boot","VM config is missing"]""", "Error from API: The VM could not boot: VM config is missing")]
    [InlineData(404, """["Not Found"]""", "Not Found")]
    [InlineData(400, """["Bad Request"]""", "Bad Request")]
    [InlineData(409, """["Failed to validate config","Identifier a is not unique"]""", "Failed to validate config: Identifier a is not unique")]
    [InlineData(500, """["API response receive error",{"code":5}]""", """API response receive error: {"code":5}""")]
    [InlineData(503, """{ "error": "Too many open connections." }""", "Too many open connections.")]
    [InlineData(400, "{ \"error\": \"Invalid Method.\nAll previous unanswered requests will be dropped.\" }", "{ \"error\": \"Invalid Method. All previous unanswered requests will be dropped.\" }")]
    [InlineData(400, "", "(no reason given)")]
    [InlineData(500, "null", "null")]
    [InlineData(500, "[]", "[]")]
    [InlineData(500, """["half a pair \ud800"]""", """["half a pair \ud800"]""")]
    [InlineData(500, "\u001b[31mred\u001b[0m [", "red [")]
    public async Task A_refusal_carries_the_causes_whatever_its_shape(int status, string body, string reason)
    {
        using var peer = new ApiPeer(ApiPeer.Answer(status, body));
        using ApiClient client = peer.Client();

        ApiException error = await Assert.ThrowsAsync<ApiException>(() => client.PutAsync("vm.boot", CancellationToken.None));

        Assert.Equal($"vm.boot was answered with {status}: {reason}", error.Message);
    }

    [Fact]
    public async Task A_long_refusal_is_cut()
    {
        using var peer = new ApiPeer(ApiPeer.Answer(500, $"[\"{new string('x', 100_000)}\"]"));
        using ApiClient client = peer.Client();

        ApiException error = await Assert.ThrowsAsync<ApiException>(() => client.PutAsync("vm.boot", CancellationToken.None));

        Assert.InRange(error.Message.Length, 2000, 2100);
    }

    [Fact]
    public async Task After_a_refusal_the_connection_goes_on()
    {
        using var peer = new ApiPeer(ApiPeer.Answer(500, """["VM is not running"]"""), ApiPeer.Answer(200, """{"state":"Paused","config":{}}"""));
        using ApiClient client = peer.Client();
        await Assert.ThrowsAsync<ApiException>(() => client.PutAsync("vm.pause", CancellationToken.None));

        MachineInfo info = await client.GetAsync("vm.info", ApiJson.Default.MachineInfo, CancellationToken.None);

        Assert.Equal("Paused", info.State);
        Assert.Equal(1, peer.Connections);
    }

    [Fact]
    public async Task Counters_are_read_to_the_last_of_64_bits()
    {
        using var peer = new ApiPeer(ApiPeer.Answer(200, """{"disk0":{"read_bytes":7,"read_latency_min":18446744073709551615}}"""));
        using ApiClient client = peer.Client();

        Dictionary<string, DeviceCounters> counters = await client.GetAsync("vm.counters", ApiJson.Default.DictionaryStringDeviceCounters, CancellationToken.None);

        Assert.Equal(ulong.MaxValue, counters["disk0"]["read_latency_min"]);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("garbage")]
    [InlineData("""{"state":5}""")]
    [InlineData("""{"state":"\ud800"}""")]
    public async Task An_answer_that_is_none_is_an_error_of_the_machine(string body)
    {
        using var peer = new ApiPeer(ApiPeer.Answer(200, body));
        using ApiClient client = peer.Client();

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => client.GetAsync("vm.info", ApiJson.Default.MachineInfo, CancellationToken.None));

        Assert.StartsWith("cloud-hypervisor of ci-1 answered vm.info with", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("HTTP/1.1 200 \r\nContent-Length: 100\r\n\r\n{")]
    [InlineData("HTTP/1.1 2")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n")]
    public async Task A_process_that_dies_in_the_middle_or_speaks_another_language_is_asked_once(string? answer)
    {
        using var peer = new ApiPeer(answer, null);
        using ApiClient client = peer.Client();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        Task call = client.PutAsync("vm.restore", Restore, ApiJson.Default.RestoreCall, patience.Token);
        if (answer is not null)
        {
            // The rest never comes: the peer goes away.
            while (peer.Requests.Count == 0)
            {
                await Task.Delay(10, patience.Token);
            }
            await Task.Delay(100, patience.Token);
            peer.Dispose();
        }

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => call);

        Assert.StartsWith("cloud-hypervisor of ci-1 did not answer vm.restore: ", error.Message, StringComparison.Ordinal);
        Assert.Single(peer.Requests);
    }

    [Fact]
    public async Task A_redirection_is_not_followed()
    {
        using var peer = new ApiPeer("HTTP/1.1 302 \r\nLocation: http://localhost/elsewhere\r\nContent-Length: 0\r\n\r\n");
        using ApiClient client = peer.Client();

        await Assert.ThrowsAsync<ApiException>(() => client.PutAsync("vm.pause", CancellationToken.None));

        Assert.Single(peer.Requests);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 \r\nContent-Length: 5000000\r\n\r\n")]
    [InlineData("HTTP/1.1 200 \r\nServer: ")]
    public async Task An_answer_without_measure_is_given_up(string head)
    {
        using var peer = new ApiPeer(head + new string('x', 5_000_000), null);
        using ApiClient client = peer.Client();

        await Assert.ThrowsAsync<HypervisorException>(() => client.PutAsync("vm.pause", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_slow_answer_is_waited_for_until_the_caller_gives_up()
    {
        using var peer = new ApiPeer("");
        using ApiClient client = peer.Client();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.PutAsync("vm.restore", Restore, ApiJson.Default.RestoreCall, patience.Token));

        Assert.Single(peer.Requests);
    }

    [Fact]
    public async Task A_socket_that_a_dead_process_has_left_is_an_error()
    {
        using var directory = new TestDirectory();
        using (LinuxHost.UnixListener.Open(directory[MachineFiles.Socket]))
        {
        }
        using ApiClient client = ApiClient.To("ci-1", directory.Path);

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => client.PutAsync("vm.pause", CancellationToken.None));

        Assert.Contains("Connection refused", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_to_somebody_elses_socket_is_not_followed()
    {
        using var stranger = new ApiPeer(ApiPeer.NoContent);
        using var directory = new TestDirectory();
        File.CreateSymbolicLink(directory[MachineFiles.Socket], stranger.SocketPath);
        using ApiClient client = ApiClient.To("ci-1", directory.Path);

        await Assert.ThrowsAsync<HypervisorException>(() => client.PutAsync("vm.pause", CancellationToken.None));

        Assert.Equal(0, stranger.Connections);
    }
}
