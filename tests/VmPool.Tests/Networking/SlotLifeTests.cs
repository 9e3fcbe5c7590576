using System.Globalization;
using LinuxHost;
using VmPool.Networking;

namespace VmPool.Tests.Networking;

/// <summary>Birth and death of slots; each test has a host of its own, because the last slot's end is what is looked at.</summary>
public sealed class SlotLifeTests : IAsyncLifetime
{
    private readonly TestHost _host = new();

    public Task InitializeAsync() => _host.InitializeAsync();

    public Task DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_released_slot_leaves_nothing()
    {
        string before = await _host.SnapshotAsync();
        SlotPlan first = await _host.AcquireAsync("g-1");
        SlotPlan second = await _host.AcquireAsync("g-2");
        string during = await _host.SnapshotAsync();

        await _host.ReleaseAsync(first, "g-1");
        string between = await _host.SnapshotAsync();
        await _host.ReleaseAsync(second, "g-2");
        await _host.ReleaseAsync(second, "g-2");

        Assert.Contains(first.HostLink, during, StringComparison.Ordinal);
        Assert.DoesNotContain(first.HostLink, between, StringComparison.Ordinal);
        Assert.Contains(second.HostLink, between, StringComparison.Ordinal);
        Assert.Equal(before, await _host.SnapshotAsync());
    }

    [Fact]
    public async Task An_acquisition_killed_anywhere_is_undone_by_the_next_process()
    {
        string before = await _host.SnapshotAsync();
        foreach (int milliseconds in new[] { 0, 4, 8, 16, 24, 40 })
        {
            ChildProcess victim = await _host.StartAsync(_host.HostNamespace, "acquire", [.. _host.Settings, "owner=g-1", "dns=192.0.2.53"]);
            string claims = Path.Join(_host.RunDirectory, "slots");
            await TestHost.WaitAsync(() => Directory.Exists(claims) && Directory.EnumerateFiles(claims).Any(file => !TemporaryName.IsLeftover(file)), "the victim claims a slot");
            await Task.Delay(milliseconds);
            victim.Kill();
            await victim.Exited.WaitAsync(TimeSpan.FromSeconds(30));

            await _host.DriveAsync("release-all");

            Assert.Equal(before, await _host.SnapshotAsync());
        }
    }

    [Fact]
    public async Task Processes_that_race_get_different_slots_and_the_last_one_is_told_that_none_is_left()
    {
        string[][] results = await Task.WhenAll(Enumerable.Range(1, 4).Select(i =>
            _host.DriveAsync("acquire", $"owner=g-{i}a,g-{i}b", "dns=192.0.2.53")));
        string[] numbers = [.. results.SelectMany(lines => lines).Select(line => line.Split(' ')[0])];

        Assert.Equal(8, numbers.Distinct().Count());
        Assert.Equal("0", (await _host.DriveAsync("free"))[0]);
        Exception failure = await Assert.ThrowsAnyAsync<Exception>(() => _host.AcquireAsync("g-9"));
        Assert.Contains("all 8 network slots", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slot_is_adopted_by_its_owner_only_and_released_by_its_owner_only()
    {
        SlotPlan slot = await _host.AcquireAsync("g-1");
        string number = string.Create(CultureInfo.InvariantCulture, $"number={slot.Number}");

        await _host.ReleaseAsync(slot, "g-2");

        Assert.Equal(["absent"], await _host.DriveAsync("adopt", number, "owner=g-2", "dns=192.0.2.53"));
        Assert.Equal([$"{slot.Namespace} 1500"], await _host.DriveAsync("adopt", number, "owner=g-1", "dns=192.0.2.53"));
    }

    [Fact]
    public async Task Adoption_restores_the_hosts_rules_that_a_restarted_firewall_has_flushed()
    {
        SlotPlan slot = await _host.AcquireAsync("g-1");
        string guest = await _host.PlugGuestAsync(slot);
        string before = await Nft.ListRulesetAsync(_host.HostNamespace);
        await Nft.ApplyAsync("flush ruleset\n", _host.HostNamespace);

        await _host.DriveAsync("adopt", string.Create(CultureInfo.InvariantCulture, $"number={slot.Number}"), "owner=g-1", "dns=192.0.2.53,2001:db8::1");

        Assert.Contains(slot.HostLink, before, StringComparison.Ordinal);
        Assert.Equal(before, await Nft.ListRulesetAsync(_host.HostNamespace));
        Assert.Equal(["192.0.2.2"], await TestHost.ProbeAsync(guest, "tcp:192.0.2.1:80"));
    }

    [Fact]
    public async Task Processes_left_in_a_slot_end_with_it()
    {
        SlotPlan slot = await _host.AcquireAsync("g-1");
        ChildProcess left = await _host.StartAsync(slot.Namespace, "serve", $"{slot.Address}:9999");

        await _host.ReleaseAsync(slot, "g-1");

        Assert.Equal(137, await left.Exited.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(NetworkNamespace.Exists(slot.Namespace));
    }

    [Fact]
    public async Task A_slot_is_cut_off_by_its_owner_while_its_processes_live_and_released_afterwards()
    {
        string before = await _host.SnapshotAsync();
        SlotPlan slot = await _host.AcquireAsync("g-1");
        ChildProcess living = await _host.StartAsync(slot.Namespace, "serve", $"{slot.Address}:9999");

        await _host.DisconnectAsync(slot, "g-2");
        Assert.Contains(await Ip.LinksAsync(_host.HostNamespace), link => link.Name == slot.HostLink);
        await _host.DisconnectAsync(slot, "g-1");
        await _host.DisconnectAsync(slot, "g-1");

        Assert.DoesNotContain(await Ip.LinksAsync(_host.HostNamespace), link => link.Name == slot.HostLink);
        Assert.False(living.Exited.IsCompleted);
        await _host.ReleaseAsync(slot, "g-1");
        Assert.Equal(before, await _host.SnapshotAsync());
    }

    [Fact]
    public async Task Forwarding_that_somebody_switched_on_for_the_whole_host_stays_on()
    {
        SlotPlan slot = await _host.AcquireAsync("g-1");
        await NetworkNamespace.RunInsideAsync(_host.HostNamespace, () =>
        {
            Sysctl.Write("net.ipv4.ip_forward", "1");
            return true;
        });

        await _host.ReleaseAsync(slot, "g-1");

        Assert.Equal("1", await NetworkNamespace.RunInsideAsync(_host.HostNamespace, () => Sysctl.Read("net/ipv4/conf/eth0/forwarding")));
    }

    [Fact]
    public async Task The_checks_find_every_fault_of_a_host_at_once()
    {
        Assert.Empty(await _host.DriveAsync("validate", "dns=192.0.2.53"));
        await Ip.BatchAsync([$"address add {new SlotPlan(new SlotRange(_host.Subnet).First).Address}/32 dev eth0"], _host.HostNamespace);

        string[] found = await _host.DriveAsync("validate", "dns=192.0.2.53", "manage=no", "egress=eth9");
        string[] unforwarded = await _host.DriveAsync("validate", "dns=192.0.2.53", "manage=no");
        await Ip.BatchAsync(["route delete default"], _host.HostNamespace);
        string[] unrouted = await _host.DriveAsync("validate", "dns=192.0.2.53");

        Assert.Contains(found, line => line.Contains("an address of this host's interface eth0", StringComparison.Ordinal));
        Assert.Contains(found, line => line.Contains("\"eth9\" does not exist; this host has: eth0", StringComparison.Ordinal));
        Assert.Contains(unforwarded, line => line.Contains("forwarding is off on eth0", StringComparison.Ordinal));
        Assert.Contains(unrouted, line => line.Contains("no IPv4 default route", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_trial_namespace_of_a_killed_process_goes_and_that_of_a_living_one_stays()
    {
        // Above the kernel's largest pid, so that no process ever has it.
        const string dead = "vmpool-trial-4194305";
        string living = string.Create(CultureInfo.InvariantCulture, $"vmpool-trial-{Environment.ProcessId}");
        await NetworkNamespace.CreateAsync(dead);
        await NetworkNamespace.CreateAsync(living);
        try
        {
            Assert.Empty(await _host.DriveAsync("validate", "dns=192.0.2.53"));

            Assert.False(NetworkNamespace.Exists(dead));
            Assert.True(NetworkNamespace.Exists(living));
        }
        finally
        {
            await NetworkNamespace.DeleteAsync(dead);
            await NetworkNamespace.DeleteAsync(living);
        }
    }

    [Fact]
    public async Task A_foreign_chain_that_drops_forwarded_packets_is_named_until_it_accepts_ours()
    {
        await Nft.ApplyAsync("table ip filter {\n chain FORWARD { type filter hook forward priority 0; policy drop; }\n}\n", _host.HostNamespace);

        string[] warned = await _host.DriveAsync("validate", "dns=192.0.2.53");
        string remedy = Assert.Single(warned).Split("add: ")[1];
        await Nft.ApplyAsync(string.Join('\n', remedy.Split("; ").Select(line => line[4..])) + "\n", _host.HostNamespace);
        string[] after = await _host.DriveAsync("validate", "dns=192.0.2.53");

        Assert.Contains("ip filter FORWARD", warned[0], StringComparison.Ordinal);
        Assert.Empty(after);
    }
}
