using LinuxHost;
using VmPool.Instances;
using VmPool.Tests.Fakes;

namespace VmPool.Tests.Recovery;

public sealed class GroupRecoveryTests
{
    [Fact]
    public async Task A_half_made_instance_of_an_earlier_run_is_removed_without_being_listed()
    {
        var pool = new FakePool();
        await using TestGroup test = await new TestGroup { Pool = pool }.OpenAsync();
        pool.Holds["boot"] = new TaskCompletionSource().Task;
        string id = Assert.Single(test.Group.Accept(1).Ids);
        await TestGroup.UntilAsync(() => pool.Calls.Contains("boot"), "the boot step");

        // A second group object over the same state is what the next process sees after a kill -9 of the first.
        await using TestGroup next = await new TestGroup { Pool = pool, Options = test.Options }.OpenAsync();

        Assert.Empty(next.Group.List());
        await TestGroup.UntilAsync(() => pool.Claims.Count == 0 && !File.Exists(next.RecordPath(id)), "the leftover to be gone");
        Assert.False(Directory.Exists(next.InstanceDirectory(id)));
    }

    [Fact]
    public async Task A_record_that_cannot_be_read_leads_to_its_slot_and_directory()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        string id = InstanceId.Create("default", DateTimeOffset.UnixEpoch);
        Directory.CreateDirectory(Path.GetDirectoryName(test.RecordPath(id))!);
        await File.WriteAllTextAsync(test.RecordPath(id), "{\"id\": \"defau");
        Directory.CreateDirectory(test.InstanceDirectory(id));
        test.Pool.Claim(5, id);

        await using TestGroup next = await new TestGroup { Pool = test.Pool, Options = test.Options }.OpenAsync();

        await TestGroup.UntilAsync(() => test.Pool.Claims.Count == 0 && !File.Exists(test.RecordPath(id)), "the leftover to be gone");
        Assert.False(Directory.Exists(test.InstanceDirectory(id)));
    }

    [Fact]
    public async Task Instances_of_another_hypervisor_are_in_the_way_only_where_they_cannot_be_taken_over()
    {
        var pool = new FakePool();
        await using TestGroup test = await new TestGroup { Pool = pool }.OpenAsync();
        string id = Assert.Single(test.Group.Accept(1).Ids);
        await test.UntilAsync(id, InstanceState.Running);
        string record = await File.ReadAllTextAsync(test.RecordPath(id));
        await File.WriteAllTextAsync(test.RecordPath(id), record.Replace("\"fake\"", "\"other\"", StringComparison.Ordinal));

        var error = await Assert.ThrowsAsync<HostRequirementException>(() => new TestGroup { Pool = pool, Options = test.Options }.OpenAsync());
        Assert.StartsWith($"group \"default\" still has {id} of hypervisor \"other\", but is now configured with \"fake\"; ", error.Message, StringComparison.Ordinal);

        pool.Adoptable = ["other"];
        await using TestGroup next = await new TestGroup { Pool = pool, Options = test.Options, KeepsStateDirectory = true }.OpenAsync();
        Assert.Equal(1, next.Group.Reclaimed);
    }

    [Theory]
    [InlineData("default-image-cafe0123", false)]
    [InlineData("default-image-cafe0123", true)]
    [InlineData("default-ready-0123456789", false)]
    [InlineData("default-ready-0123456789", true)]
    public async Task The_slot_of_an_image_build_or_kept_ready_goes_when_its_process_is_gone_and_only_then(string owner, bool ownerLives)
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        test.Pool.Claim(3, owner);
        if (ownerLives)
        {
            test.Pool.ClaimedBy = ProcessTable.Identify(Environment.ProcessId)!.Value;
        }

        await using TestGroup next = await new TestGroup { Pool = test.Pool, Options = test.Options }.OpenAsync();

        Assert.Equal(0, next.Group.Reclaimed);
        Assert.Equal(ownerLives, test.Pool.Claims.ContainsKey(3));
    }

    [Fact]
    public async Task A_slot_that_cannot_be_released_is_tried_again_and_counts_as_left_until_then()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        test.Pool.Claim(3, "default-ready-0123456789");
        test.Pool.Failures["undo slot"] = new HostResourceException("netns busy");

        await using TestGroup next = await new TestGroup { Pool = test.Pool, Options = test.Options }.OpenAsync();

        Assert.Equal(1, next.Group.Reclaimed);
        test.Pool.Failures.Clear();
        Assert.Equal(0, await next.Group.WaitForReclaimsAsync(TimeSpan.FromSeconds(20), CancellationToken.None));
        Assert.Empty(test.Pool.Claims);
    }

    [Fact]
    public async Task Claims_and_directories_without_a_record_are_removed_but_never_those_of_another_group()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        string stray = InstanceId.Create("default", DateTimeOffset.UnixEpoch);
        string foreign = InstanceId.Create("default-two", DateTimeOffset.UnixEpoch);
        test.Pool.Claim(1, stray);
        test.Pool.Claim(2, foreign, "default-two");

        await using TestGroup next = await new TestGroup { Pool = test.Pool, Options = test.Options }.OpenAsync();

        await TestGroup.UntilAsync(() => !test.Pool.Claims.ContainsKey(1), "the stray claim to be gone");
        Assert.Equal(foreign, test.Pool.Claims[2]);
    }
}
