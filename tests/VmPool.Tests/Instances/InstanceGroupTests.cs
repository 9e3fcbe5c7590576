using LinuxHost;
using VmPool.Instances;
using VmPool.Tests.Fakes;

namespace VmPool.Tests.Instances;

public sealed class InstanceGroupTests
{
    [Fact]
    public async Task An_accepted_instance_is_creating_at_once_and_running_when_its_steps_are_done()
    {
        var hold = new TaskCompletionSource();
        await using TestGroup test = await new TestGroup().OpenAsync();
        test.Pool.Holds["ssh"] = hold.Task;

        Acceptance accepted = test.Group.Accept(1);

        string id = Assert.Single(accepted.Ids);
        Assert.Equal([new InstanceReport(id, InstanceState.Creating)], test.Group.List());
        await TestGroup.UntilAsync(() => test.Pool.Calls.Contains("ssh"), "the last step");
        Assert.Equal([new InstanceReport(id, InstanceState.Creating)], test.Group.List());
        hold.SetResult();
        await test.UntilAsync(id, InstanceState.Running);
        Assert.Equal(["image", "slot", "disk", "vmm", "boot", "ssh"], test.Pool.Calls);
    }

    [Fact]
    public async Task A_booted_guest_of_a_prepared_image_is_told_who_it_is_by_its_agent()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        test.Pool.HasPreparedImage = true;

        string id = Assert.Single(test.Group.Accept(1).Ids);

        await test.UntilAsync(id, InstanceState.Running);
        Assert.Equal(["image", "slot", "disk", "vmm", "identity"], test.Pool.Calls);
    }

    [Fact]
    public async Task A_deleted_instance_is_torn_down_in_reverse_order_reported_once_and_forgotten()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        string id = await RunOneAsync(test);
        test.Pool.Calls.Clear();

        Assert.Equal([id], test.Group.Remove([id]));

        await test.UntilAsync(id, InstanceState.Deleted);
        // The first two at the same time.
        Assert.Equal(["undo link", "undo vmm"], test.Pool.Calls.Take(2).Order());
        Assert.Equal(["undo slot"], test.Pool.Calls.Skip(2));
        Assert.Empty(test.Group.List());
        Assert.False(File.Exists(test.RecordPath(id)));
        Assert.False(Directory.Exists(test.InstanceDirectory(id)));
        Assert.Empty(test.Pool.Claims);
    }

    [Fact]
    public async Task A_machine_is_cut_off_while_it_ends_and_its_slot_released_when_it_has_ended()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        string id = await RunOneAsync(test);
        var ends = new TaskCompletionSource();
        test.Pool.Holds["undo vmm"] = ends.Task;

        test.Group.Remove([id]);

        await TestGroup.UntilAsync(() => test.Pool.Calls.Contains("undo link"), "the link to go");
        Assert.DoesNotContain("undo slot", test.Pool.Calls);
        ends.SetResult();
        await test.UntilAsync(id, InstanceState.Deleted);
        Assert.Equal("undo slot", test.Pool.Calls.Last());
    }

    [Fact]
    public async Task Removing_an_unknown_or_already_removed_instance_counts_as_done()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        string id = await RunOneAsync(test);

        Assert.Equal(["never-was", id], test.Group.Remove(["never-was", id]));
        Assert.Equal([id], test.Group.Remove([id]));
        await test.UntilAsync(id, InstanceState.Deleted);
        Assert.Equal([id], test.Group.Remove([id]));
    }

    [Theory]
    [InlineData("image")]
    [InlineData("slot")]
    [InlineData("disk")]
    [InlineData("vmm")]
    [InlineData("boot")]
    [InlineData("ssh")]
    public async Task A_failed_creation_is_reported_creating_at_least_once_then_deleted_and_leaves_nothing(string step)
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        test.Pool.Failures[step] = new InvalidOperationException("boom at " + step);

        string id = Assert.Single(test.Group.Accept(1).Ids);
        await TestGroup.UntilAsync(() => !File.Exists(test.RecordPath(id)), "the failed instance to be torn down");

        Assert.Equal([new InstanceReport(id, InstanceState.Creating)], test.Group.List());
        await test.UntilAsync(id, InstanceState.Deleted);
        Assert.Empty(test.Group.List());
        Assert.Empty(test.Pool.Claims);
        Assert.False(Directory.Exists(test.InstanceDirectory(id)));
        Assert.Contains(test.Log.Entries, entry => entry.Error?.Message == "boom at " + step);

        test.Pool.Failures.Clear();
        await RunOneAsync(test);
    }

    [Fact]
    public async Task Removing_an_instance_that_is_being_created_ends_its_creation()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        test.Pool.Holds["boot"] = new TaskCompletionSource().Task;
        string id = Assert.Single(test.Group.Accept(1).Ids);
        await TestGroup.UntilAsync(() => test.Pool.Calls.Contains("boot"), "the boot step");
        Assert.Single(test.Group.List());

        test.Group.Remove([id]);

        await test.UntilAsync(id, InstanceState.Deleted);
        Assert.Empty(test.Pool.Claims);
        Assert.All(test.Pool.Machines.Values, machine => Assert.True(machine.Exited.IsCompleted));
    }

    [Fact]
    public async Task A_machine_that_ends_by_itself_takes_its_instance_with_it_and_says_what_it_said_last()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        string id = await RunOneAsync(test);

        test.Pool.Machines.Values.Single().End(139);

        await test.UntilAsync(id, InstanceState.Deleted);
        Assert.Contains(test.Log.Entries, entry => entry.Error is HypervisorException e
            && e.Message.Contains("with code 139", StringComparison.Ordinal) && e.Message.Contains("guest said this last", StringComparison.Ordinal));
        Assert.Empty(test.Pool.Claims);
    }

    [Fact]
    public async Task An_undo_that_fails_is_tried_again_and_the_instance_stays_deleting_meanwhile()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        string id = await RunOneAsync(test);
        test.Pool.Failures["undo slot"] = new IOException("device busy");

        test.Group.Remove([id]);
        await TestGroup.UntilAsync(() => test.Pool.Calls.Contains("undo slot"), "the undo");
        Assert.Equal([new InstanceReport(id, InstanceState.Deleting)], test.Group.List());
        Assert.True(File.Exists(test.RecordPath(id)), "the record must stay until everything else is gone");

        test.Pool.Failures.Clear();
        await test.UntilAsync(id, InstanceState.Deleted);
        Assert.Equal(1, test.Pool.Calls.Count(call => call == "undo vmm"));
    }

    [Fact]
    public async Task A_creation_that_misses_its_deadline_is_torn_down_and_names_step_and_key()
    {
        var clock = new ManualClock();
        await using TestGroup test = await new TestGroup { Clock = clock }.OpenAsync();
        test.Pool.Holds["boot"] = new TaskCompletionSource().Task;
        string id = Assert.Single(test.Group.Accept(1).Ids);
        await TestGroup.UntilAsync(() => test.Pool.Calls.Contains("boot"), "the boot step");

        clock.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));

        await test.UntilAsync(id, InstanceState.Deleted);
        Exception error = Assert.Single(test.Log.Entries, entry => entry.Error is TimeoutException).Error!;
        Assert.Contains("boot_timeout (300 s)", error.Message, StringComparison.Ordinal);
        Assert.Contains("last finished step: vmm", error.Message, StringComparison.Ordinal);
        Assert.Contains("guest said this last", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_more_instances_start_at_once_than_configured()
    {
        var hold = new TaskCompletionSource();
        await using TestGroup test = await new TestGroup { Options = TestGroup.OptionsFor("gate") with { ParallelStarts = 2 } }.OpenAsync();
        test.Pool.Holds["vmm"] = hold.Task;

        IReadOnlyList<string> ids = test.Group.Accept(5).Ids;
        await TestGroup.UntilAsync(() => test.Pool.Calls.Count(call => call == "vmm") == 2, "two starts");
        await TestGroup.UntilAsync(() => test.Pool.Calls.Count(call => call == "image") == 5, "all to have the image");
        Assert.Equal(2, test.Pool.Calls.Count(call => call == "slot"));
        hold.SetResult();
        foreach (string id in ids)
        {
            await test.UntilAsync(id, InstanceState.Running);
        }
    }

    [Fact]
    public async Task Connecting_needs_a_running_instance_and_the_error_names_it()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        test.Pool.Holds["boot"] = new TaskCompletionSource().Task;
        string id = Assert.Single(test.Group.Accept(1).Ids);

        var creating = Assert.Throws<InstanceNotFoundException>(() => test.Group.Connect(id));
        var unknown = Assert.Throws<InstanceNotFoundException>(() => test.Group.Connect("default-0000000000000x"));

        Assert.Contains(id, creating.Message, StringComparison.Ordinal);
        Assert.Contains("creating", creating.Message, StringComparison.Ordinal);
        Assert.Contains("default-0000000000000x", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_instance_has_a_login_key_and_a_host_key_of_its_own()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        InstanceConnection one = test.Group.Connect(await RunOneAsync(test));
        InstanceConnection two = test.Group.Connect(await RunOneAsync(test));

        Assert.StartsWith("-----BEGIN PRIVATE KEY-----", one.PrivateKey, StringComparison.Ordinal);
        Assert.NotEqual(one.PrivateKey, two.PrivateKey);
        Assert.NotEqual(one.HostKey, two.HostKey);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(test.RecordPath(one.Id)));
    }

    [Fact]
    public async Task Health_follows_the_machine()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        string id = await RunOneAsync(test);
        await test.Group.CheckAsync(id, CancellationToken.None);
        test.Pool.Failures["undo vmm"] = new IOException("keeps the instance from vanishing");

        test.Pool.Machines.Values.Single().End(1);

        var error = await Assert.ThrowsAsync<InstanceNotFoundException>(() => test.Group.CheckAsync(id, CancellationToken.None));
        Assert.Contains(id, error.Message, StringComparison.Ordinal);
        test.Pool.Failures.Clear();
        await test.UntilAsync(id, InstanceState.Deleted);
    }

    [Fact]
    public async Task A_full_disk_does_not_keep_the_instance_alive_that_fills_it()
    {
        string state = Path.Combine(Path.GetTempPath(), "vmpool-test-full-" + Guid.NewGuid().ToString("N")[..8]);
        Directory.CreateDirectory(state);
        await HostCommand.RunAsync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", state]);
        try
        {
            var test = new TestGroup { Options = new() { StateDirectory = state }, KeepsStateDirectory = true };
            await using (await test.OpenAsync())
            {
                string id = await RunOneAsync(test);
                await Assert.ThrowsAnyAsync<IOException>(() => File.WriteAllBytesAsync(Path.Combine(state, "job-output"), new byte[1 << 20]));
                Assert.ThrowsAny<Exception>(() => test.Group.Accept(1));

                Assert.Equal([id], test.Group.Remove([id]));

                await test.UntilAsync(id, InstanceState.Deleted);
                Assert.Empty(test.Pool.Claims);
            }
        }
        finally
        {
            await HostCommand.RunAsync("umount", ["--lazy", state]);
            Directory.Delete(state);
        }
    }

    [Fact]
    public async Task A_slot_whose_acquisition_and_undo_both_failed_is_still_released()
    {
        await using TestGroup test = await new TestGroup().OpenAsync();
        test.Pool.AcquireFailsHavingClaimed = true;

        string id = Assert.Single(test.Group.Accept(1).Ids);

        await test.UntilAsync(id, InstanceState.Deleted);
        Assert.Empty(test.Pool.Claims);
    }

    internal static async Task<string> RunOneAsync(TestGroup test)
    {
        string id = Assert.Single(test.Group.Accept(1).Ids);
        await test.UntilAsync(id, InstanceState.Running);
        return id;
    }
}
