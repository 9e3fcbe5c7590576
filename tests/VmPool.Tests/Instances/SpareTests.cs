using VmPool.Instances;
using VmPool.Options;
using VmPool.Storage;
using VmPool.Tests.Fakes;

namespace VmPool.Tests.Instances;

public sealed class SpareTests
{
    private static readonly string[] s_clone = ["template", "slot", "resume", "identity", "boot"];

    [Fact]
    public async Task A_spare_is_made_ahead_unseen_and_running_in_the_very_next_listing_once_it_is_asked_for()
    {
        await using TestGroup test = await OpenAsync(spares: 1);
        InstanceRecord spare = await CompleteSpareAsync(test);
        Assert.Empty(test.Group.List());
        Assert.Throws<InstanceNotFoundException>(() => test.Group.Connect(spare.Id));

        Acceptance accepted = test.Group.Accept(1);

        Assert.Equal([spare.Id], accepted.Ids);
        Assert.Equal([new InstanceReport(spare.Id, InstanceState.Running)], test.Group.List());
        Assert.Equal(spare.HostKey, test.Group.Connect(spare.Id).HostKey);
        InstanceRecord given = Records(test).Single(record => record.Id == spare.Id);
        Assert.Equal((false, InstanceState.Running), (given.Spare, given.State));
        Assert.Equal("given", given.Timeline[^1].Step);
        Assert.True(given.AcceptedAt > spare.AcceptedAt, "its time must count from the request");
    }

    [Fact]
    public async Task A_spare_that_was_given_away_is_replaced()
    {
        await using TestGroup test = await OpenAsync(spares: 2);
        await TestGroup.UntilAsync(() => Spares(test).Count == 2 && Complete(test) == 2, "two spares");

        string given = Assert.Single(test.Group.Accept(1).Ids);

        await TestGroup.UntilAsync(() => Complete(test) == 2, "a third one");
        Assert.DoesNotContain(Spares(test), record => record.Id == given);
        Assert.Single(test.Group.List());
    }

    [Fact]
    public async Task A_request_for_more_than_there_are_gets_all_spares_and_starts_the_rest()
    {
        await using TestGroup test = await OpenAsync(spares: 1);
        InstanceRecord spare = await CompleteSpareAsync(test);

        Acceptance accepted = test.Group.Accept(3);

        Assert.Equal(3, accepted.Ids.Count);
        Assert.Equal(spare.Id, accepted.Ids[0]);
        foreach (string id in accepted.Ids)
        {
            await test.UntilAsync(id, InstanceState.Running);
        }
    }

    [Fact]
    public async Task A_spare_still_being_made_can_be_given_and_runs_when_it_is_complete()
    {
        var hold = new TaskCompletionSource();
        await using TestGroup test = await OpenAsync(spares: 1, pool => pool.Holds["identity"] = hold.Task);
        await TestGroup.UntilAsync(() => test.Pool.Calls.Contains("identity"), "a spare in the making");

        string id = Assert.Single(test.Group.Accept(1).Ids);

        Assert.Equal([new InstanceReport(id, InstanceState.Creating)], test.Group.List());
        hold.SetResult();
        await test.UntilAsync(id, InstanceState.Running);
    }

    [Fact]
    public async Task Spares_count_towards_the_groups_size_and_never_take_a_requests_place()
    {
        await using TestGroup test = await OpenAsync(spares: 4, pool => pool.SlotCount = 3);
        await TestGroup.UntilAsync(() => Complete(test) == 3, "as many spares as there are slots");

        Acceptance accepted = test.Group.Accept(4);

        Assert.Equal(3, accepted.Ids.Count);
        Assert.NotEmpty(accepted.Shortfall);
        Assert.Equal(3, test.Group.List().Count(report => report.State is InstanceState.Running));
    }

    [Fact]
    public async Task A_spare_that_waits_for_its_turn_gives_way_to_a_request()
    {
        var hold = new TaskCompletionSource();
        await using TestGroup test = await OpenAsync(spares: 1, pool =>
        {
            pool.SlotCount = 2;
            pool.Holds["identity"] = hold.Task;
        }, parallelStarts: 1, keep: false);
        string first = Assert.Single(test.Group.Accept(1).Ids);
        await TestGroup.UntilAsync(() => test.Pool.Calls.Contains("identity"), "the only place at the gate to be taken");
        test.Group.KeepSpares();
        await TestGroup.UntilAsync(() => Spares(test).Count == 1, "a spare behind it");

        string second = Assert.Single(test.Group.Accept(1).Ids);

        hold.SetResult();
        await test.UntilAsync(first, InstanceState.Running);
        await test.UntilAsync(second, InstanceState.Running);
    }

    [Fact]
    public async Task A_spare_of_an_older_template_is_never_given_away()
    {
        await using TestGroup test = await OpenAsync(spares: 1);
        InstanceRecord old = await CompleteSpareAsync(test);

        test.Pool.TemplateKey = "feed";
        string id = Assert.Single(test.Group.Accept(1).Ids);

        Assert.NotEqual(old.Id, id);
        await test.UntilAsync(id, InstanceState.Running);
        Assert.Equal("feed", Records(test).Single(record => record.Id == id).TemplateKey);
    }

    [Fact]
    public async Task A_spare_whose_machine_ends_is_removed_and_replaced()
    {
        await using TestGroup test = await OpenAsync(spares: 1);
        InstanceRecord spare = await CompleteSpareAsync(test);

        test.Pool.Machines[spare.Pid].End(1);

        await TestGroup.UntilAsync(() => Spares(test) is [{ Pid: > 0 } next] && next.Id != spare.Id, "another spare");
        Assert.Empty(test.Group.List());
    }

    [Fact]
    public async Task Spares_end_with_their_plugin_and_those_given_away_stay()
    {
        TestGroup test = await OpenAsync(spares: 2);
        await TestGroup.UntilAsync(() => Complete(test) == 2, "two spares");
        string given = Assert.Single(test.Group.Accept(1).Ids);

        await test.Group.CloseAsync(CancellationToken.None);

        Assert.Equal([given], Records(test).Select(record => record.Id));
        await test.DisposeAsync();
    }

    [Fact]
    public async Task Without_a_template_there_are_no_spares()
    {
        await using TestGroup test = await OpenAsync(spares: 1, pool => pool.HasTemplate = false);

        string id = Assert.Single(test.Group.Accept(1).Ids);
        await test.UntilAsync(id, InstanceState.Running);

        Assert.Equal([id], Records(test).Select(record => record.Id));
    }

    private static async Task<TestGroup> OpenAsync(int spares, Action<FakePool>? prepare = null, int? parallelStarts = null, bool keep = true)
    {
        var pool = new FakePool { HasTemplate = true };
        prepare?.Invoke(pool);
        GroupOptions options = TestGroup.OptionsFor("spares") with { Spares = spares, ParallelStarts = parallelStarts };
        TestGroup test = await new TestGroup { Pool = pool, Options = options }.OpenAsync();
        if (keep)
        {
            test.Group.KeepSpares();
        }
        return test;
    }

    private static async Task<InstanceRecord> CompleteSpareAsync(TestGroup test)
    {
        await TestGroup.UntilAsync(() => Complete(test) == 1, "a complete spare");
        Assert.Superset(new HashSet<string>(s_clone), new HashSet<string>(test.Pool.Calls));
        return Spares(test)[0];
    }

    private static int Complete(TestGroup test) => Spares(test).Count(record => record.Timeline.Any(entry => entry.Step == "warm"));

    private static IReadOnlyList<InstanceRecord> Spares(TestGroup test) => [.. Records(test).Where(record => record.Spare)];

    private static IReadOnlyList<InstanceRecord> Records(TestGroup test) =>
        [.. new InstanceRecords(test.Options.GroupStateDirectory).Load().Select(found => found.Record).OfType<InstanceRecord>()];
}
