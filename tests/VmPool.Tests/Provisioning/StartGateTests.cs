using VmPool.Provisioning;
using VmPool.Tests.Fakes;

namespace VmPool.Tests.Provisioning;

public sealed class StartGateTests
{
    [Fact]
    public async Task Only_so_many_are_inside_at_once()
    {
        var gate = new StartGate(2);
        IDisposable first = await Enter(gate);
        IDisposable second = await Enter(gate);

        Task<IDisposable> third = Enter(gate);
        Assert.False(third.IsCompleted);

        first.Dispose();
        IDisposable late = await third.WaitAsync(Patience);
        Task<IDisposable> fourth = Enter(gate);
        Assert.False(fourth.IsCompleted);
        second.Dispose();
        late.Dispose();
        (await fourth.WaitAsync(Patience)).Dispose();
    }

    [Fact]
    public async Task A_place_given_back_twice_is_one_place()
    {
        var gate = new StartGate(1);
        IDisposable place = await Enter(gate);
        place.Dispose();
        place.Dispose();

        await Enter(gate);

        Assert.False(Enter(gate).IsCompleted);
    }

    [Fact]
    public async Task Who_waits_longest_goes_first()
    {
        var gate = new StartGate(1);
        IDisposable place = await Enter(gate);
        Task<IDisposable>[] waiting = [Enter(gate), Enter(gate), Enter(gate)];

        foreach (Task<IDisposable> next in waiting)
        {
            Assert.All(waiting.SkipWhile(task => task != next), task => Assert.False(task.IsCompleted));
            place.Dispose();
            place = await next.WaitAsync(Patience);
        }
    }

    [Fact]
    public async Task A_spare_goes_only_when_no_requested_instance_waits()
    {
        var gate = new StartGate(1);
        IDisposable place = await Enter(gate);
        Task<IDisposable> spare = Enter(gate, StartTurn.Spare);
        Task<IDisposable> early = Enter(gate);
        Task<IDisposable> late = Enter(gate);

        place.Dispose();
        place = await early.WaitAsync(Patience);
        Assert.False(spare.IsCompleted);
        place.Dispose();
        place = await late.WaitAsync(Patience);
        Assert.False(spare.IsCompleted);
        place.Dispose();

        (await spare.WaitAsync(Patience)).Dispose();
    }

    [Fact]
    public async Task Who_gives_up_waiting_never_enters_and_costs_nobody_a_place()
    {
        var gate = new StartGate(1);
        IDisposable place = await Enter(gate);
        using var givenUp = new CancellationTokenSource();
        Task<IDisposable> first = gate.EnterAsync(StartTurn.Requested, givenUp.Token);
        Task<IDisposable> second = Enter(gate);

        await givenUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(Patience));
        Assert.False(second.IsCompleted);

        place.Dispose();
        (await second.WaitAsync(Patience)).Dispose();
        (await Enter(gate).WaitAsync(Patience)).Dispose();
    }

    [Fact]
    public async Task Who_has_given_up_before_does_not_even_take_a_free_place()
    {
        var gate = new StartGate(1);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gate.EnterAsync(StartTurn.Requested, new CancellationToken(canceled: true)));

        Assert.True(Enter(gate).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task No_place_is_lost_when_giving_up_meets_the_turn_that_has_just_come()
    {
        var gate = new StartGate(1);
        for (int i = 0; i < 1000; i++)
        {
            IDisposable place = await Enter(gate).WaitAsync(Patience);
            using var impatience = new CancellationTokenSource();
            Task<IDisposable> waiting = gate.EnterAsync(StartTurn.Requested, impatience.Token);

            place.Dispose();
            impatience.Cancel();

            try
            {
                (await waiting.WaitAsync(Patience)).Dispose();
            }
            catch (OperationCanceledException)
            {
                // It gave up before its turn came.
            }
        }
        Assert.True(Enter(gate).IsCompletedSuccessfully);
        Assert.False(Enter(gate).IsCompleted);
    }

    [Fact]
    public async Task There_are_never_more_inside_than_places_however_many_come_and_go()
    {
        const int places = 3;
        var gate = new StartGate(places);
        int inside = 0;
        int tooMany = 0;

        await Parallel.ForAsync(0, 3000, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            using IDisposable place = await gate.EnterAsync(i % 2 == 0 ? StartTurn.Spare : StartTurn.Requested, CancellationToken.None);
            if (Interlocked.Increment(ref inside) > places)
            {
                Interlocked.Increment(ref tooMany);
            }
            await Task.Yield();
            Interlocked.Decrement(ref inside);
        }).WaitAsync(Patience);

        Assert.Equal(0, tooMany);
    }

    [Fact]
    public async Task An_instance_that_is_removed_while_it_waits_never_starts()
    {
        var hold = new TaskCompletionSource();
        await using TestGroup test = await new TestGroup { Options = TestGroup.OptionsFor("gate") with { ParallelStarts = 1 } }.OpenAsync();
        test.Pool.Holds["vmm"] = hold.Task;
        string[] ids = [.. test.Group.Accept(3).Ids];
        await TestGroup.UntilAsync(() => test.Pool.Calls.Count(call => call == "image") == 3, "all to have the image");
        await TestGroup.UntilAsync(() => test.Pool.Calls.Contains("vmm"), "the first to start");
        string started = test.Group.List().Select(report => report.Id).Single(id => test.Pool.Claims.Values.Contains(id));
        string[] waiting = [.. ids.Where(id => id != started)];

        test.Group.Remove([waiting[0]]);
        await test.UntilAsync(waiting[0], VmPool.Instances.InstanceState.Deleted);
        hold.SetResult();

        await test.UntilAsync(started, VmPool.Instances.InstanceState.Running);
        await test.UntilAsync(waiting[1], VmPool.Instances.InstanceState.Running);
        Assert.Equal(2, test.Pool.Calls.Count(call => call == "slot"));
    }

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static Task<IDisposable> Enter(StartGate gate, StartTurn turn = StartTurn.Requested) => gate.EnterAsync(turn, CancellationToken.None);
}
