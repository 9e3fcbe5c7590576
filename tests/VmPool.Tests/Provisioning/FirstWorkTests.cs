using VmPool.Provisioning;
using VmPool.Tests.Fakes;

namespace VmPool.Tests.Provisioning;

public sealed class FirstWorkTests
{
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(80);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(30);

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly ManualClock _clock = new();
    private readonly StartGate _gate = new(1);
    private TimeSpan? _used = TimeSpan.Zero;

    [Fact]
    public async Task Nobody_is_held_up_when_nobody_waits()
    {
        using IDisposable place = await _gate.EnterAsync(StartTurn.Requested, CancellationToken.None);

        Assert.True(WaitAsync().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_busy_machine_keeps_its_place_until_it_is_idle()
    {
        using IDisposable place = await _gate.EnterAsync(StartTurn.Requested, CancellationToken.None);
        Task<IDisposable> next = _gate.EnterAsync(StartTurn.Spare, CancellationToken.None);
        Task waiting = WaitAsync();

        await LookAsync(FirstLook, busy: FirstLook);
        await LookAsync(Look, busy: Look / 2);
        Assert.False(waiting.IsCompleted);
        await LookAsync(Look, busy: TimeSpan.Zero);

        await waiting.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.False(next.IsCompleted);
    }

    [Fact]
    public async Task Nobody_waits_for_a_runner_that_has_not_come_by_the_first_look()
    {
        using IDisposable place = await _gate.EnterAsync(StartTurn.Requested, CancellationToken.None);
        _ = _gate.EnterAsync(StartTurn.Requested, CancellationToken.None);
        Task waiting = WaitAsync();

        await LookAsync(Look, busy: TimeSpan.Zero);
        Assert.False(waiting.IsCompleted);
        _clock.Advance(FirstLook - Look);

        await waiting.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task One_that_is_always_busy_gives_way_in_the_end()
    {
        using IDisposable place = await _gate.EnterAsync(StartTurn.Requested, CancellationToken.None);
        _ = _gate.EnterAsync(StartTurn.Requested, CancellationToken.None);
        Task waiting = WaitAsync();

        await LookAsync(FirstLook, busy: FirstLook);
        for (TimeSpan waited = FirstLook; waited < Longest; waited += Look)
        {
            Assert.False(waiting.IsCompleted);
            await LookAsync(Look, busy: Look);
        }

        await waiting.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_machine_that_has_ended_holds_nobody_up()
    {
        using IDisposable place = await _gate.EnterAsync(StartTurn.Requested, CancellationToken.None);
        _ = _gate.EnterAsync(StartTurn.Requested, CancellationToken.None);
        _used = null;

        Assert.True(WaitAsync().IsCompletedSuccessfully);
    }

    private Task WaitAsync() => new FirstWork(_gate, _clock, _ => _used).WaitAsync(42, CancellationToken.None);

    private async Task LookAsync(TimeSpan after, TimeSpan busy)
    {
        await TestGroup.UntilAsync(() => _clock.Waiting == 1, "the next look");
        _used += busy;
        _clock.Advance(after);
    }
}
