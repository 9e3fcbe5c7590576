using LinuxHost;
using MachineFixtures;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using VmmProcess;

namespace Qemu.Tests;

/// <summary>Machines whose QEMU lives but is slow, or is in the hands of its guest.</summary>
public sealed class SpoiledMachineTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("""{"event": 5}""")]
    [InlineData("""{"id": "x", "return": {}}""")]
    [InlineData("""{"error": "x"}""")]
    [InlineData("garbage")]
    public async Task Nonsense_on_the_control_connection_neither_hides_the_end_nor_keeps_the_machine(string line)
    {
        using var directory = new TestDirectory();
        (QmpPeer peer, QemuMachine machine) = await TakeOverAsync(directory, TimeProvider.System);
        await using QmpPeer _ = peer;
        await peer.SendAsync(line);

        await machine.StopAsync(CancellationToken.None);
        await machine.StopAsync(CancellationToken.None);

        Assert.Equal(137, (await machine.Exited.WaitAsync(Long)).ExitCode);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"status": 5}""")]
    [InlineData("""{"status": "\ud800"}""")]
    public async Task A_status_that_is_none_is_not_alive(string answer)
    {
        using var directory = new TestDirectory();
        (QmpPeer peer, QemuMachine machine) = await TakeOverAsync(directory, new ShiftedTime { Stretch = 30 });
        await using QmpPeer _ = peer;

        Task<bool> alive = machine.IsAliveAsync(CancellationToken.None);
        await peer.SendAsync($$"""{"return": {{answer}}, "id": {{(await peer.ReadAsync()).Id}}}""");

        Assert.False(await alive);
        await machine.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_failure_while_the_machine_is_watched_does_not_hide_its_end()
    {
        using var directory = new TestDirectory();
        // What cannot be kept short is said in the log, which fails.
        Directory.CreateDirectory(directory[ConsoleFiles.Serial]);
        var logger = new FirstMessageFails();
        (QmpPeer peer, QemuMachine machine) = await TakeOverAsync(directory, TimeProvider.System, logger);
        await using QmpPeer _ = peer;

        await machine.StopAsync(CancellationToken.None);

        Assert.Equal(137, (await machine.Exited.WaitAsync(Long)).ExitCode);
        Assert.InRange(logger.Messages, 2, int.MaxValue);
    }

    [Fact]
    public async Task A_living_machine_that_is_slow_to_answer_is_alive_until_it_has_been_silent_for_30_seconds()
    {
        using var directory = new TestDirectory();
        var time = new ShiftedTime();
        (QmpPeer peer, QemuMachine machine) = await TakeOverAsync(directory, time);
        await using QmpPeer _ = peer;

        Assert.True(await machine.IsAliveAsync(CancellationToken.None));
        time.Shift = TimeSpan.FromSeconds(31);
        Assert.False(await machine.IsAliveAsync(CancellationToken.None));

        await machine.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task An_answer_ends_the_silence()
    {
        using var directory = new TestDirectory();
        var time = new ShiftedTime();
        (QmpPeer peer, QemuMachine machine) = await TakeOverAsync(directory, time);
        await using QmpPeer _ = peer;
        Assert.True(await machine.IsAliveAsync(CancellationToken.None));
        await peer.ReadAsync();

        time.Shift = TimeSpan.FromSeconds(31);
        time.Stretch = 30;
        Task<bool> answered = machine.IsAliveAsync(CancellationToken.None);
        await peer.SendAsync($$$"""{"return": {"status": "running"}, "id": {{{(await peer.ReadAsync()).Id}}}}""");
        Assert.True(await answered);

        time.Stretch = 1;
        Assert.True(await machine.IsAliveAsync(CancellationToken.None));
        await machine.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_closed_control_connection_is_not_taken_for_a_slow_one()
    {
        using var directory = new TestDirectory();
        (QmpPeer peer, QemuMachine machine) = await TakeOverAsync(directory, TimeProvider.System);
        await peer.DisposeAsync();

        Assert.False(await machine.IsAliveAsync(CancellationToken.None));

        await machine.StopAsync(CancellationToken.None);
    }

    /// <summary>A living process, and a control connection that the test speaks.</summary>
    private static async Task<(QmpPeer Peer, QemuMachine Machine)> TakeOverAsync(
        TestDirectory directory, TimeProvider time, ILogger? logger = null)
    {
        (QmpPeer peer, QmpConnection connection) = await QmpPeer.OpenAsync();
        ChildProcess child = Spawn.Start(StubProcess.Request(directory, []));
        var link = new QmpLink(directory.Path, child.Identity.Pid, "ci-1", time, connection);
        return (peer, new QemuMachine(child, link, "ci-1", directory.Path, time, logger ?? NullLogger.Instance));
    }

    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        /// <summary>Makes deadlines this many times longer, for answers that must be in time on any host.</summary>
        public int Stretch { get; set; } = 1;

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Shift.TotalSeconds * TimestampFrequency);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime * Stretch : dueTime, period);
    }

    /// <summary>The first message is that of the log keeper.</summary>
    private sealed class FirstMessageFails : ILogger
    {
        private int _messages;

        public int Messages => _messages;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (Interlocked.Increment(ref _messages) == 1)
            {
                throw new InvalidOperationException("no log");
            }
        }
    }
}
