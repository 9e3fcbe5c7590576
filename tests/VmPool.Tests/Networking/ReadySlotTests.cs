using System.Globalization;
using LinuxHost;
using VmPool.Networking;

namespace VmPool.Tests.Networking;

/// <summary>Slots that are made before anybody needs them, on a host of their own for each test.</summary>
public sealed class ReadySlotTests : IAsyncLifetime
{
    private readonly TestHost _host = new();

    public Task InitializeAsync() => _host.InitializeAsync();

    public Task DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_ready_slot_works_for_the_one_who_gets_it_and_leaves_nothing_when_he_is_done()
    {
        string before = await _host.SnapshotAsync();
        SlotPlan slot = await _host.PrepareAsync("default-ready-1");

        Assert.Equal($"{slot.Namespace} 1500", await _host.TransferAsync(slot, "default-ready-1", "default-1"));

        string guest = await _host.PlugGuestAsync(slot);
        Assert.Equal(["192.0.2.2"], await TestHost.ProbeAsync(guest, "tcp:192.0.2.1:80"));
        Assert.Equal(["10.255.255.1"], await TestHost.ProbeAsync(_host.HostNamespace, $"tcp:{slot.Address}:22"));
        await _host.ReleaseAsync(slot, "default-ready-1");
        Assert.True(NetworkNamespace.Exists(slot.Namespace));
        await _host.ReleaseAsync(slot, "default-1");
        Assert.Equal(before, await _host.SnapshotAsync());
    }

    [Fact]
    public async Task A_ready_slot_is_handed_over_once_and_only_by_its_owner()
    {
        SlotPlan slot = await _host.PrepareAsync("default-ready-1");

        Assert.Equal("absent", await _host.TransferAsync(slot, "default-ready-2", "default-1"));
        Assert.NotEqual("absent", await _host.TransferAsync(slot, "default-ready-1", "default-1"));
        Assert.Equal("absent", await _host.TransferAsync(slot, "default-ready-1", "default-2"));
        Assert.Equal("absent", await _host.TransferAsync(slot, "default-1", "default-2"));
    }

    [Fact]
    public async Task A_slot_that_was_made_for_another_mtu_is_not_handed_over()
    {
        SlotPlan slot = await _host.PrepareAsync("default-ready-1");
        string[] look = ["current", string.Create(CultureInfo.InvariantCulture, $"number={slot.Number}"), "owner=default-ready-1", "dns=192.0.2.53,2001:db8::1"];
        Assert.Equal(["yes"], await _host.DriveAsync(look[0], look[1..]));

        await Ip.BatchAsync(["link set eth0 mtu 1400"], _host.HostNamespace);

        Assert.Equal(["no"], await _host.DriveAsync(look[0], look[1..]));
        Assert.Equal("absent", await _host.TransferAsync(slot, "default-ready-1", "default-1"));
        await Ip.BatchAsync(["link set eth0 mtu 1500"], _host.HostNamespace);
        Assert.Equal(["yes"], await _host.DriveAsync(look[0], look[1..]));
    }

    [Fact]
    public async Task Ready_slots_are_free_for_every_group_and_never_taken_to_be_kept_ready()
    {
        string before = await _host.SnapshotAsync();
        SlotPlan last = new(0);
        foreach (int i in Enumerable.Range(1, 8))
        {
            last = await _host.PrepareAsync(string.Create(CultureInfo.InvariantCulture, $"default-ready-{i}"));
        }
        Assert.Equal("8", (await _host.DriveAsync("free", "group=other"))[0]);
        Exception refused = await Assert.ThrowsAnyAsync<Exception>(() => _host.PrepareAsync("other-ready-1", "group=other"));
        Assert.Contains("all 8 network slots", refused.Message, StringComparison.Ordinal);

        // With a rule of its own, so that it matters who made the slot.
        SlotPlan taken = await _host.AcquireAsync("other-1", "group=other", "allow=host:5000");
        string guest = await _host.PlugGuestAsync(taken);

        Assert.Equal([taken.Address.ToString()], await TestHost.ProbeAsync(guest, "tcp:10.255.255.1:5000"));
        Assert.Equal("7", (await _host.DriveAsync("free"))[0]);
        Assert.NotEqual(taken, last);
        await _host.DriveAsync("release-all");
        Assert.True(NetworkNamespace.Exists(taken.Namespace));
        await _host.DriveAsync("release-all", "group=other");
        Assert.Equal(before, await _host.SnapshotAsync());
    }

    [Fact]
    public async Task A_preparation_killed_anywhere_is_undone_by_the_next_process()
    {
        string before = await _host.SnapshotAsync();
        foreach (int milliseconds in new[] { 0, 8, 20, 40 })
        {
            ChildProcess victim = await _host.StartAsync(_host.HostNamespace, "prepare", [.. _host.Settings, "owner=default-ready-1", "dns=192.0.2.53"]);
            string claims = Path.Join(_host.RunDirectory, "slots");
            await TestHost.WaitAsync(() => Directory.Exists(claims) && Directory.EnumerateFiles(claims).Any(file => !TemporaryName.IsLeftover(file)), "the victim claims a slot");
            await Task.Delay(milliseconds);
            victim.Kill();
            await victim.Exited.WaitAsync(TimeSpan.FromSeconds(30));

            await _host.DriveAsync("release-all");

            Assert.Equal(before, await _host.SnapshotAsync());
        }
    }
}
