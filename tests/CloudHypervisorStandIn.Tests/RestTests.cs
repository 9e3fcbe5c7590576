namespace CloudHypervisorStandIn.Tests;

/// <summary>Byte for byte what a client of the real one sees (facts on Cloud Hypervisor, sections 2 and 10.2).</summary>
public sealed class RestTests : IDisposable
{
    private const string Head = "Server: Cloud Hypervisor API\r\nConnection: keep-alive\r\n";
    private const string NoContent = $"HTTP/1.1 204 \r\n{Head}\r\n";

    private readonly TestDirectory _directory = new();

    [Fact]
    public async Task Success_has_no_reason_phrase_and_without_a_body_no_length()
    {
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");
        string ping = $$"""{"build_version":"v53.0","version":"53.0.0","pid":{{process.Pid}},"features":["io_uring","kvm"]}""";

        Assert.Equal(WithBody(200, ping), await process.CallAsync("GET", "vmm.ping"));
        Assert.Equal(NoContent, await process.CallAsync("PUT", "vm.create", "{}"));
        Assert.Equal(WithBody(200, ""), await process.CallAsync("PUT", "vmm.shutdown"));
        Assert.Equal(0, await process.WaitForExitAsync());
    }

    [Theory]
    [InlineData("GET", "vm.info", null, 404, """["Error from API","The VM info is not available","VM is not created"]""")]
    [InlineData("PUT", "vm.boot", null, 404, """["Error from API","The VM could not boot","VM config is missing"]""")]
    [InlineData("PUT", "vm.pause", null, 500, """["Error from API","The VM could not be paused","VM is not running"]""")]
    [InlineData("PUT", "vm.shutdown", null, 500, """["Error from API","The VM could not shutdown","VM is not running"]""")]
    [InlineData("PUT", "vm.boot", "{}", 400, """["Bad Request"]""")]
    [InlineData("GET", "vm.boot", null, 400, """["Bad Request"]""")]
    [InlineData("PUT", "vm.snapshot", null, 400, """["Bad Request"]""")]
    [InlineData("PUT", "vm.create", null, 400, "")]
    [InlineData("GET", "vm.coredump", null, 404, """["Not Found"]""")]
    [InlineData("PUT", "vm.restore", """{"source_url":"file:///none","net_fds":[{"id":"net0","num_fds":1}]}""", 400, """["Bad Request"]""")]
    [InlineData("PUT", "vm.restore", """{"source_url":"/none"}""", 500,
        """["Error from API","The VM could not be restored","Could not extract path from URL: /none"]""")]
    [InlineData("PUT", "vm.restore", """{"source_url":"file:///none"}""", 500,
        """["Error from API","The VM could not be restored","Destination is not a directory: /none"]""")]
    public async Task A_refusal_is_an_array_of_causes(string method, string call, string? body, int status, string causes)
    {
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");

        Assert.Equal(WithBody(status, causes), await process.CallAsync(method, call, body));
    }

    [Fact]
    public async Task Before_v53_a_machine_that_was_not_created_is_no_404()
    {
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a", "v52.0");

        Assert.StartsWith("HTTP/1.1 500 ", await process.CallAsync("GET", "vm.info"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_looks_at_spelling_alone()
    {
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");

        Assert.Contains("unknown variant `raw`", await process.CallAsync(
            "PUT", "vm.create", """{"disks":[{"path":"/none","image_type":"raw"}]}"""), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400 ", await process.CallAsync("PUT", "vm.create", """{"cpus":{"boot_vcpus":1}}"""), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400 ", await process.CallAsync("PUT", "vm.create", """{"net":[{"mac":"52:54"}]}"""), StringComparison.Ordinal);
        await process.RequireAsync("vm.create", """{"payload":{"kernel":"/none"},"disks":[{"path":"/none","image_type":"Raw"}],"no_such_key":1}""");
        Assert.Equal(WithBody(500, """["Error from API","The VM could not be created","VM is already created"]"""), await process.CallAsync("PUT", "vm.create", "{}"));
        Assert.Equal(WithBody(500, $"""["Error from API","The VM could not boot","Cannot open kernel file","No such file or directory (os error 2)"]"""),
            await process.CallAsync("PUT", "vm.boot"));
        await process.RequireAsync("vm.delete");
        await process.RequireAsync("vm.create", "{}");
    }

    [Fact]
    public async Task A_console_file_without_a_name_ends_the_process()
    {
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");

        Assert.Equal(
            WithBody(500, """["Error from API","The VM could not be created","API response receive error","receiving on a closed channel"]"""),
            await process.CallAsync("PUT", "vm.create", """{"console":{"mode":"File"}}"""));
        Assert.Equal(1, await process.WaitForExitAsync());
    }

    [Theory]
    [InlineData("v53.0", 500)]
    [InlineData("v54.0", 409)]
    public async Task From_v54_on_validation_has_its_own_codes(string version, int status)
    {
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a", version);
        await process.RequireAsync("vm.create", """{"payload":{"kernel":"/none"},"disks":[{"id":"a","path":"/x"},{"id":"a","path":"/y"}]}""");

        string answer = await process.CallAsync("PUT", "vm.boot");

        Assert.Equal(WithBody(status, """["Error from API","The VM could not boot","Failed to validate config","Identifier a is not unique"]"""), answer);
    }

    [Fact]
    public async Task The_parser_answers_in_its_own_form_and_drops_what_came_with_the_error()
    {
        const string Body = "{ \"error\": \"Invalid HTTP Method: Unsupported HTTP method.\nAll previous unanswered requests will be dropped.\" }";
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");
        using RawClient client = await RawClient.ConnectAsync(process.Socket);

        await client.SendAsync("GET /api/v1/vmm.ping HTTP/1.1\r\n\r\nPOST /api/v1/vmm.ping HTTP/1.1\r\n\r\n");

        Assert.Equal(
            $"HTTP/1.1 400 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n{Body}",
            await client.ReadResponseAsync());
        Assert.StartsWith("HTTP/1.1 200 ", await client.CallAsync("GET", "/api/v1/vmm.ping"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chunks_are_no_body()
    {
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");
        using RawClient client = await RawClient.ConnectAsync(process.Socket);

        await client.SendAsync("PUT /api/v1/vm.create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", await process.CallAsync("GET", "vm.info"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v53.0", 51_200)]
    [InlineData("v54.0", 4_194_304)]
    public async Task A_body_has_a_largest_size(string version, int limit)
    {
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a", version);
        using RawClient client = await RawClient.ConnectAsync(process.Socket);

        await client.SendAsync($"PUT /api/v1/vm.create HTTP/1.1\r\nContent-Length: {limit + 1}\r\n\r\n");

        Assert.Contains($"larger than the limit of {limit} allowed", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await process.RequireAsync("vm.create", "{}" + new string(' ', limit - 2));
    }

    [Fact]
    public async Task A_connection_is_kept_whatever_the_client_says_and_takes_requests_in_advance()
    {
        const string Ping = "GET /api/v1/vmm.ping HTTP/1.1\r\nConnection: close\r\n\r\n";
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");
        using RawClient client = await RawClient.ConnectAsync(process.Socket);

        await client.SendAsync(Ping + Ping);

        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await client.CallAsync("GET", "/api/v1/vmm.ping"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_waits_is_told_to_go_on()
    {
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");
        using RawClient client = await RawClient.ConnectAsync(process.Socket);

        await client.SendAsync("PUT /api/v1/vm.create HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        Assert.Equal("HTTP/1.1 100 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n\r\n", await client.ReadResponseAsync());
        await client.SendAsync("{}");

        Assert.Equal(NoContent, await client.ReadResponseAsync());
    }

    [Fact]
    public async Task The_eleventh_connection_is_refused_and_closed()
    {
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");
        var clients = new List<RawClient>();
        try
        {
            for (int i = 0; i < 10; i++)
            {
                clients.Add(await RawClient.ConnectAsync(process.Socket));
                Assert.StartsWith("HTTP/1.1 200 ", await clients[^1].CallAsync("GET", "/api/v1/vmm.ping"), StringComparison.Ordinal);
            }
            using RawClient last = await RawClient.ConnectAsync(process.Socket);

            Assert.Equal(
                "HTTP/1.1 503\r\nServer: Firecracker API\r\nConnection: close\r\nContent-Length: 40\r\n\r\n{ \"error\": \"Too many open connections\" }",
                await last.ReadResponseAsync());
            Assert.True(await last.IsAtEndAsync());
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    public void Dispose() => _directory.Dispose();

    private static string WithBody(int status, string body) =>
        $"HTTP/1.1 {status} \r\n{Head}Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}";
}
