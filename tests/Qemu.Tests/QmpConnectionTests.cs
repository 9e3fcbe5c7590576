using System.Text.Json;
using VmPool;

namespace Qemu.Tests;

public sealed class QmpConnectionTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Answers_find_their_commands_whatever_their_order()
    {
        (QmpPeer peer, QmpConnection connection) = await QmpPeer.OpenAsync();
        await using QmpPeer _ = peer;
        await using QmpConnection __ = connection;

        Task<JsonElement> first = connection.ExecuteAsync("first", null, Long, CancellationToken.None);
        (string Name, long Id) one = await peer.ReadAsync();
        Task<JsonElement> second = connection.ExecuteAsync("second", null, Long, CancellationToken.None);
        (string Name, long Id) two = await peer.ReadAsync();
        await peer.SendAsync($$"""{"return": "b", "id": {{two.Id}}}""");
        await peer.SendAsync("""{"event": "RESUME", "timestamp": {}}""");
        await peer.SendAsync($$"""{"return": "a", "id": {{one.Id}}}""");

        Assert.Equal("a", (await first).GetString());
        Assert.Equal("b", (await second).GetString());
    }

    [Fact]
    public async Task A_command_is_one_line_with_its_arguments()
    {
        (QmpPeer peer, QmpConnection connection) = await QmpPeer.OpenAsync();
        await using QmpPeer _ = peer;
        await using QmpConnection __ = connection;

        Task<JsonElement> call = connection.ExecuteAsync("migrate-incoming", json => json.WriteString("uri", "fd:5"), Long, CancellationToken.None);

        Assert.Equal("""{"execute":"migrate-incoming","arguments":{"uri":"fd:5"},"id":2}""", await peer.ReadLineAsync());
        await peer.SendAsync("""{"return": {}, "id": 2}""");
        await call;
    }

    [Fact]
    public async Task An_event_ends_a_command_only_when_it_comes_behind_the_answer()
    {
        (QmpPeer peer, QmpConnection connection) = await QmpPeer.OpenAsync();
        await using QmpPeer _ = peer;
        await using QmpConnection __ = connection;
        await peer.SendAsync("""{"event": "MIGRATION", "data": {"status": "completed", "of": "an earlier one"}}""");

        Task<JsonElement> call = connection.ExecuteUntilAsync("migrate", null, MigrationEvent.IsLast, Long, CancellationToken.None);
        long id = (await peer.ReadAsync()).Id;
        await peer.SendAsync("""{"event": "MIGRATION", "data": {"status": "failed", "of": "an earlier one"}}""");
        await peer.SendAsync($$"""{"return": {}, "id": {{id}}}""");
        await peer.SendAsync("""{"event": "STOP"}""");
        await peer.SendAsync("""{"event": "MIGRATION", "data": {"status": "active"}}""");
        Task<JsonElement> other = connection.ExecuteAsync("query-status", null, Long, CancellationToken.None);
        await peer.SendAsync($$"""{"return": {}, "id": {{(await peer.ReadAsync()).Id}}}""");
        await other;
        Assert.False(call.IsCompleted);
        await peer.SendAsync("""{"event": "MIGRATION", "data": {"status": "completed", "of": "this one"}}""");

        Assert.Equal("this one", (await call).GetProperty("of").GetString());
    }

    [Fact]
    public async Task A_command_that_answers_and_never_ends_is_given_up_at_its_deadline()
    {
        (QmpPeer peer, QmpConnection connection) = await QmpPeer.OpenAsync();
        await using QmpPeer _ = peer;
        await using QmpConnection __ = connection;

        Task<JsonElement> call = connection.ExecuteUntilAsync("migrate", null, MigrationEvent.IsLast, TimeSpan.FromSeconds(1), CancellationToken.None);
        await peer.SendAsync($$"""{"return": {}, "id": {{(await peer.ReadAsync()).Id}}}""");

        Assert.Contains("did not finish `migrate` within 1 s", (await Assert.ThrowsAsync<TimeoutException>(() => call)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_carries_the_words_of_qemu_and_the_connection_goes_on()
    {
        (QmpPeer peer, QmpConnection connection) = await QmpPeer.OpenAsync();
        await using QmpPeer _ = peer;
        await using QmpConnection __ = connection;

        Task<JsonElement> call = connection.ExecuteAsync("cont", null, Long, CancellationToken.None);
        await peer.SendAsync($$$"""{"error": {"class": "GenericError", "desc": "no medium"}, "id": {{{(await peer.ReadAsync()).Id}}}}""");

        QmpException error = await Assert.ThrowsAsync<QmpException>(() => call);
        Assert.Equal("QMP command `cont` failed: GenericError: no medium", error.Message);
        Assert.False(connection.HasFailed);
    }

    [Fact]
    public async Task An_unanswered_command_ends_at_its_deadline_and_its_late_answer_is_dropped()
    {
        (QmpPeer peer, QmpConnection connection) = await QmpPeer.OpenAsync();
        await using QmpPeer _ = peer;
        await using QmpConnection __ = connection;

        TimeoutException error = await Assert.ThrowsAsync<TimeoutException>(
            () => connection.ExecuteAsync("slow", null, TimeSpan.FromMilliseconds(50), CancellationToken.None));
        Assert.Contains("QEMU of ci-1 did not answer `slow` within", error.Message, StringComparison.Ordinal);
        long late = (await peer.ReadAsync()).Id;

        Task<JsonElement> next = connection.ExecuteAsync("next", null, Long, CancellationToken.None);
        await peer.SendAsync($$"""{"return": "late", "id": {{late}}}""");
        await peer.SendAsync($$"""{"return": "right", "id": {{(await peer.ReadAsync()).Id}}}""");
        Assert.Equal("right", (await next).GetString());
    }

    [Fact]
    public async Task The_callers_cancellation_is_not_taken_for_a_timeout()
    {
        (QmpPeer peer, QmpConnection connection) = await QmpPeer.OpenAsync();
        await using QmpPeer _ = peer;
        await using QmpConnection __ = connection;
        using var cancelled = new CancellationTokenSource();

        Task<JsonElement> call = connection.ExecuteAsync("slow", null, Long, cancelled.Token);
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task The_end_of_qemu_ends_every_open_and_later_call_for_one_reason()
    {
        (QmpPeer peer, QmpConnection connection) = await QmpPeer.OpenAsync();
        await using QmpConnection _ = connection;
        Task<JsonElement> first = connection.ExecuteAsync("first", null, Long, CancellationToken.None);
        Task<JsonElement> second = connection.ExecuteAsync("second", null, Long, CancellationToken.None);
        await peer.ReadAsync();
        await peer.ReadAsync();

        await peer.DisposeAsync();

        const string Reason = "the control connection to ci-1 ended: QEMU closed it";
        Assert.Equal(Reason, (await Assert.ThrowsAsync<HypervisorException>(() => first)).Message);
        Assert.Equal(Reason, (await Assert.ThrowsAsync<HypervisorException>(() => second)).Message);
        Assert.Contains(Reason, (await Assert.ThrowsAsync<HypervisorException>(
            () => connection.ExecuteAsync("third", null, Long, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("this is no JSON", "not JSON")]
    [InlineData("[1]", "not a JSON object")]
    [InlineData("""{"event": 5}""", "an event has a name of the wrong type")]
    [InlineData("""{"id": "x", "return": {}}""", "a value of the wrong type")]
    [InlineData("""{"id": 1e99, "error": "x"}""", "a value of the wrong type")]
    [InlineData("""{"id": 2, "error": {"class": "\ud800"}}""", "a value of the wrong type")]
    [InlineData("""{"hello": 1}""", "neither greeting nor event nor answer")]
    public async Task Nonsense_from_qemu_ends_the_connection_with_its_reason(string line, string reason)
    {
        (QmpPeer peer, QmpConnection connection) = await QmpPeer.OpenAsync();
        await using QmpPeer _ = peer;
        await using QmpConnection __ = connection;
        Task<JsonElement> call = connection.ExecuteAsync("query-status", null, Long, CancellationToken.None);

        await peer.SendAsync(line);

        Assert.Contains(reason, (await Assert.ThrowsAsync<HypervisorException>(() => call.WaitAsync(Long))).Message, StringComparison.Ordinal);
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task Deep_nesting_from_qemu_ends_the_connection_and_not_this_process()
    {
        (QmpPeer peer, QmpConnection connection) = await QmpPeer.OpenAsync();
        await using QmpPeer _ = peer;
        await using QmpConnection __ = connection;
        Task<JsonElement> call = connection.ExecuteAsync("query-status", null, Long, CancellationToken.None);

        await peer.SendAsync(string.Concat(Enumerable.Repeat("""{"event":""", 50_000)));

        Assert.Contains("not JSON", (await Assert.ThrowsAsync<HypervisorException>(() => call)).Message, StringComparison.Ordinal);
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_line_without_end_does_not_eat_our_memory()
    {
        (QmpPeer peer, QmpConnection connection) = await QmpPeer.OpenAsync();
        await using QmpPeer _ = peer;
        await using QmpConnection __ = connection;
        Task<JsonElement> call = connection.ExecuteAsync("query-status", null, Long, CancellationToken.None);

        Task sending = peer.SendAsync(new string('x', 3_000_000));

        Assert.Contains("a line is longer than", (await Assert.ThrowsAsync<HypervisorException>(() => call)).Message, StringComparison.Ordinal);
        await connection.DisposeAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => sending);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request")]
    [InlineData("""{"return": {}}""")]
    public async Task A_listener_that_does_not_greet_as_qemu_is_refused(string greeting)
    {
        (QmpPeer peer, Stream client) = await QmpPeer.PairAsync();
        await using QmpPeer _ = peer;

        Task<QmpConnection> opening = QmpConnection.OpenAsync(client, "ci-1", Long, TimeProvider.System, CancellationToken.None);
        await peer.SendAsync(greeting);

        Assert.Contains("does not greet as QMP does", (await Assert.ThrowsAsync<HypervisorException>(() => opening)).Message, StringComparison.Ordinal);
    }
}
