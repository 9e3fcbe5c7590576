using Microsoft.Extensions.Logging;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Provisioning;
using VmPool.Tests.Fakes;

namespace VmPool.Tests.Provisioning;

public sealed class SlotReserveTests : IAsyncDisposable
{
    private readonly FakePool pool = new() { SlotCount = 40 };
    private readonly ManualClock clock = new();
    private readonly ListLog log = new();
    private SlotReserve? reserve;

    public async ValueTask DisposeAsync()
    {
        if (reserve is not null)
        {
            await reserve.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_few_more_slots_than_may_start_at_once_are_kept_ready_and_count_as_free()
    {
        SlotReserve slots = await StartAsync(6);

        Assert.Equal(40, slots.CountFree());
        Assert.DoesNotContain("slot", pool.Calls);
    }

    [Fact]
    public async Task A_request_gets_a_ready_slot_which_is_replaced_when_nobody_has_asked_for_a_while()
    {
        SlotReserve slots = await StartAsync(6);
        int sleeps = clock.Set;

        NetworkSlot slot = await slots.AcquireAsync("default-1", CancellationToken.None);

        Assert.Equal("default-1", pool.Claims[slot.Number]);
        Assert.DoesNotContain("slot", pool.Calls);
        await TestGroup.UntilAsync(() => clock.Set > sleeps, "the reserve to have looked");
        await AsleepAsync();
        Assert.Equal(5, Ready);
        clock.Advance(TimeSpan.FromSeconds(2));
        await UntilReadyAsync(6);
    }

    [Fact]
    public async Task When_fewer_are_left_than_may_start_at_once_they_are_replaced_without_delay()
    {
        SlotReserve slots = await StartAsync(6);

        foreach (int i in Enumerable.Range(1, 5))
        {
            await slots.AcquireAsync($"default-{i}", CancellationToken.None);
        }

        await TestGroup.UntilAsync(() => pool.Calls.Count(call => call == "prepare") >= 7, "a slot more than the first six");
    }

    [Fact]
    public async Task Without_a_ready_slot_a_request_makes_its_own_and_does_not_wait_for_one()
    {
        pool.Holds["prepare"] = new TaskCompletionSource().Task;
        reserve = Create();
        reserve.Start();

        NetworkSlot slot = await reserve.AcquireAsync("default-1", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal("default-1", pool.Claims[slot.Number]);
        Assert.Contains("slot", pool.Calls);
    }

    [Fact]
    public async Task A_slot_that_does_not_fit_the_host_any_more_is_released_and_not_handed_over()
    {
        SlotReserve slots = await StartAsync(6);
        int[] old = [.. pool.Claims.Keys];
        pool.SlotPolicy = "another MTU";
        // What the reserve does beside the request must not decide which slot the request gets.
        var reserveGoesOn = new TaskCompletionSource();
        pool.Holds["prepare"] = pool.Holds["undo slot"] = reserveGoesOn.Task;

        NetworkSlot slot = await slots.AcquireAsync("default-1", CancellationToken.None);

        Assert.Contains("slot", pool.Calls);
        Assert.DoesNotContain(slot.Number, old);
        reserveGoesOn.SetResult();
        await TestGroup.UntilAsync(() => pool.Calls.Count(call => call == "undo slot") == 6, "the old ones to be released");
    }

    [Fact]
    public async Task The_host_is_looked_at_from_time_to_time_and_what_does_not_fit_is_replaced()
    {
        await StartAsync(6);
        pool.SlotPolicy = "another MTU";

        clock.Advance(TimeSpan.FromSeconds(15));

        await TestGroup.UntilAsync(() => pool.Calls.Count(call => call == "undo slot") == 6, "the old ones to be released");
        await UntilReadyAsync(6);
    }

    [Fact]
    public async Task One_that_somebody_has_taken_over_is_left_to_him_and_the_next_is_handed_over()
    {
        SlotReserve slots = await StartAsync(6);
        foreach (int number in pool.Claims.Keys.Order().Take(3))
        {
            pool.Claim(number, "other-1", "other");
        }

        NetworkSlot slot = await slots.AcquireAsync("default-1", CancellationToken.None);

        Assert.Equal("default-1", pool.Claims[slot.Number]);
        Assert.DoesNotContain("slot", pool.Calls);
        Assert.Equal(3, pool.Claims.Values.Count(owner => owner == "other-1"));
    }

    [Fact]
    public async Task No_more_are_kept_than_the_group_may_ever_use()
    {
        SlotReserve slots = await StartAsync(3, new GroupOptions { ParallelStarts = 2, MaxVms = 3 });

        foreach (int i in Enumerable.Range(1, 3))
        {
            await slots.AcquireAsync($"default-{i}", CancellationToken.None);
        }

        clock.Advance(TimeSpan.FromSeconds(2));
        await AsleepAsync();
        Assert.Equal(0, Ready);
        Assert.Equal(3, pool.Calls.Count(call => call == "prepare"));
        await slots.ReleaseAsync(pool.Claims.Single(claim => claim.Value == "default-1").Key, "default-1", CancellationToken.None);
        clock.Advance(TimeSpan.FromSeconds(15));
        await UntilReadyAsync(1);
    }

    [Fact]
    public async Task In_a_small_subnet_as_many_are_kept_as_are_free_and_nothing_is_said()
    {
        pool.SlotCount = 8;
        foreach (int number in Enumerable.Range(0, 5))
        {
            pool.Claim(number, $"other-{number}", "other");
        }

        await StartAsync(3);

        Assert.Equal(4, pool.Calls.Count(call => call == "prepare"));
        Assert.DoesNotContain(log.Entries, entry => entry.Level > LogLevel.Debug);
    }

    [Fact]
    public async Task What_cannot_be_made_is_tried_again_ever_more_rarely_and_said_once()
    {
        pool.Failures["prepare"] = new IOException("no more namespaces");
        reserve = Create();
        reserve.Start();

        foreach (int tries in new[] { 1, 2, 3, 4 })
        {
            await TestGroup.UntilAsync(() => pool.Calls.Count(call => call == "prepare") == tries, $"try {tries}");
            await AsleepAsync();
            Assert.Equal(tries, pool.Calls.Count(call => call == "prepare"));
            clock.Advance(TimeSpan.FromSeconds(Math.Pow(2, tries - 1)));
        }

        (LogLevel level, _, Exception? error) = Assert.Single(log.Entries);
        Assert.Equal((LogLevel.Warning, "no more namespaces"), (level, error?.Message));
        pool.Failures.Clear();
        clock.Advance(TimeSpan.FromMinutes(1));
        await UntilReadyAsync(6);
    }

    [Fact]
    public async Task At_the_end_ready_slots_are_released_and_used_ones_stay()
    {
        SlotReserve slots = await StartAsync(6);
        NetworkSlot slot = await slots.AcquireAsync("default-1", CancellationToken.None);

        await slots.DisposeAsync();

        Assert.Equal([slot.Number], pool.Claims.Keys);
    }

    private int Ready => pool.Claims.Values.Count(owner => owner.StartsWith("default-ready-", StringComparison.Ordinal));

    private SlotReserve Create(GroupOptions? options = null) => new(pool, options ?? new GroupOptions { ParallelStarts = 2 }, clock, log);

    private async Task<SlotReserve> StartAsync(int expected, GroupOptions? options = null)
    {
        reserve = Create(options);
        reserve.Start();
        await UntilReadyAsync(expected);
        await AsleepAsync();
        return reserve;
    }

    private Task UntilReadyAsync(int count) => TestGroup.UntilAsync(() => Ready == count, $"{count} ready slots");

    // The reserve has nothing to do now: only then may the test move the clock.
    private Task AsleepAsync() => TestGroup.UntilAsync(() => clock.Waiting == 1, "the reserve to sleep");
}
