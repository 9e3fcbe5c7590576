using System.Globalization;
using LinuxHost;
using VmPool.Networking;
using VmPool.Options;
using VmPool.Recovery;
using VmPool.Storage;

namespace VmPool.Tests.Recovery;

public sealed class HostRegistryTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vmpool-registry-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_group_is_served_once_and_the_second_one_is_told_by_whom()
    {
        await using IAsyncDisposable first = await Registry().RegisterAsync(Group("ci", "a"), default);

        HostRequirementException same = await Assert.ThrowsAsync<HostRequirementException>(() => Registry().RegisterAsync(Group("ci", "a"), default));
        HostRequirementException elsewhere = await Assert.ThrowsAsync<HostRequirementException>(() => Registry().RegisterAsync(Group("ci", "b"), default));

        string pid = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        Assert.Contains($"two [[runners]] entries need different `name`s in plugin_config; held by pid {pid}", same.Message, StringComparison.Ordinal);
        Assert.Contains($"held by pid {pid}", elsewhere.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_groups_are_served_and_nothing_is_left_when_both_end()
    {
        IAsyncDisposable first = await Registry().RegisterAsync(Group("ci", "a"), default);
        IAsyncDisposable second = await Registry().RegisterAsync(Group("nightly", "a"), default);

        Assert.Equal(["ci", "nightly"], Registry().List().Keys.Order());

        await first.DisposeAsync();
        await first.DisposeAsync();
        Assert.Equal(["nightly"], Registry().List().Keys);
        await second.DisposeAsync();
        Assert.False(Directory.Exists(Path.Join(_directory, "run")));
        await using IAsyncDisposable again = await Registry().RegisterAsync(Group("ci", "a"), default);
    }

    [Fact]
    public async Task A_dead_process_with_another_state_directory_is_replaced_unless_its_machines_are_still_there()
    {
        string run = Path.Join(_directory, "run");
        string entry = Path.Join(run, "groups", "ci.json");
        Directory.CreateDirectory(Path.GetDirectoryName(entry)!);
        File.WriteAllText(entry, """{"state_directory":"/old","subnet":"10.210.0.0/20","pid":1,"start_ticks":18446744073709551615}""");
        string claim = Path.Join(run, "slots", "10.210.0.1");
        Directory.CreateDirectory(Path.GetDirectoryName(claim)!);
        File.WriteAllText(claim, $$"""{"owner":"ci-1","group":"ci","state_directory":"/old","boot_id":"{{ProcessTable.BootId}}","pid":1,"start_ticks":1,"mtu":1500}""");

        HostRequirementException left = await Assert.ThrowsAsync<HostRequirementException>(() => Registry().RegisterAsync(Group("ci", "a"), default));
        File.Delete(claim);
        await using IAsyncDisposable taken = await Registry().RegisterAsync(Group("ci", "a"), default);

        Assert.Contains("1 machines recorded in state_directory /old", left.Message, StringComparison.Ordinal);
        Assert.Equal(Environment.ProcessId, Registry().List()["ci"].Pid);
    }

    [Fact]
    public async Task Machines_that_outlive_a_process_which_ended_in_order_are_found_by_their_claims()
    {
        IAsyncDisposable before = await Registry().RegisterAsync(Group("ci", "a"), default);
        var claims = new ClaimDirectory(Path.Join(_directory, "run"), TimeProvider.System);
        claims.Claim(new SlotRange(System.Net.IPNetwork.Parse("10.210.0.0/28")), new ClaimRecord
        {
            Owner = "ci-1",
            Group = "ci",
            StateDirectory = Path.Join(_directory, "a"),
            BootId = ProcessTable.BootId,
            Pid = 1,
            StartTicks = 1,
            Mtu = 1500,
        });
        await before.DisposeAsync();

        HostRequirementException left = await Assert.ThrowsAsync<HostRequirementException>(() => Registry().RegisterAsync(Group("ci", "b"), default));
        await using IAsyncDisposable other = await Registry().RegisterAsync(Group("nightly", "b"), default);
        await using IAsyncDisposable back = await Registry().RegisterAsync(Group("ci", "a"), default);

        Assert.Contains($"1 machines recorded in state_directory {Path.Join(_directory, "a")}", left.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_killed_process_left_half_written_goes_when_the_group_is_opened()
    {
        GroupOptions group = Group("ci", "a") with { DiskDirectory = Path.Join(_directory, "disks") };
        string run = Path.Join(_directory, "run");
        string[] targets =
        [
            Path.Join(InstanceRecords.DirectoryOf(group.GroupStateDirectory), "ci-1.json"), GroupFiles.InitPath(group.GroupStateDirectory),
            Path.Join(run, "sysctl.json"), Path.Join(run, "groups", "ci.json"), Path.Join(run, "slots", "10.210.0.1"), Path.Join(run, "resting", "10.210.0.1"),
            Path.Join(group.ImagesDirectory, "groups", "ci"),
        ];
        string[] leftovers = [.. targets.Select(TemporaryName.For)];
        foreach (string leftover in leftovers)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(leftover)!);
            File.WriteAllText(leftover, "half");
        }
        string beingWritten = TemporaryName.For(targets[^1]);
        File.WriteAllText(beingWritten, "half");
        File.SetLastWriteTimeUtc(leftovers[^1], DateTime.UtcNow.AddHours(-1));

        await using (await Registry().RegisterAsync(group, default))
        {
            Assert.All(leftovers, leftover => Assert.False(File.Exists(leftover), leftover));
            Assert.True(File.Exists(beingWritten));
        }
        Assert.False(Directory.Exists(Path.Join(run, "groups")));
    }

    private HostRegistry Registry() => new(new RunDirectory(Path.Join(_directory, "run")));

    private GroupOptions Group(string name, string state) => new() { Name = name, StateDirectory = Path.Join(_directory, state) };
}
