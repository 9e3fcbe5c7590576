using System.Net;
using LinuxHost;
using VmPool.Networking;

namespace VmPool.Tests.Networking;

public sealed class ClaimDirectoryTests : IDisposable
{
    private static readonly SlotRange Range = new(IPNetwork.Parse("10.210.0.0/30"));

    private readonly string _directory = Directory.CreateTempSubdirectory("vmpool-claims-").FullName;
    private readonly SettableClock _clock = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_released_slot_rests_while_others_are_free_and_serves_again_when_none_is()
    {
        ClaimDirectory claims = Claims();
        int first = claims.Claim(Range, Record("g-1"));
        claims.Free(first);

        int second = claims.Claim(Range, Record("g-2"));
        int third = claims.Claim(Range, Record("g-3"));

        Assert.NotEqual(first, second);
        Assert.Equal(first, third);
        Assert.Throws<SlotsExhaustedException>(() => claims.Claim(Range, Record("g-4")));
    }

    [Fact]
    public void A_slot_has_rested_after_a_minute()
    {
        ClaimDirectory claims = Claims();
        int first = claims.Claim(Range, Record("g-1"));
        claims.Free(first);
        _clock.Now += ClaimDirectory.Rest;

        Assert.Equal(first, claims.Claim(Range, Record("g-2")));
    }

    [Fact]
    public void A_claim_of_an_earlier_boot_is_void()
    {
        int first = Claims().Claim(Range, Record("g-1") with { BootId = "another boot" });
        ClaimDirectory claims = Claims();

        Assert.Null(claims.Read(first));
        Assert.Empty(claims.List());
        Assert.Equal(0, claims.CountUsed(Range));
        Assert.Equal(first, claims.Claim(Range, Record("g-2")));
        Assert.Equal("g-2", claims.Read(first)?.Owner);
    }

    [Fact]
    public void A_file_that_is_no_claim_is_an_error_that_names_it()
    {
        Directory.CreateDirectory(Path.Join(_directory, "slots"));
        string path = Path.Join(_directory, "slots", "10.210.0.1");
        File.WriteAllText(path, "nonsense");

        Assert.Contains(path, Assert.Throws<HostResourceException>(() => Claims().List()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_slot_that_is_only_kept_ready_counts_as_free_and_is_taken_when_no_other_is_left()
    {
        ClaimDirectory claims = Claims();
        int used = claims.Claim(Range, Record("g-1"));
        int ready = claims.ClaimSpare(Range, Record("g-ready-1"));
        Assert.Equal(2, claims.CountUsed(Range));
        Assert.Throws<SlotsExhaustedException>(() => claims.Claim(Range, Record("h-1")));

        claims.MarkReady(ready);

        Assert.Equal(1, claims.CountUsed(Range));
        Assert.Throws<SlotsExhaustedException>(() => claims.ClaimSpare(Range, Record("h-ready-1")));
        Assert.Equal(ready, claims.Claim(Range, Record("h-1") with { Group = "h" }));
        Assert.Equal(("h-1", "h"), (claims.Read(ready)?.Owner, claims.Read(ready)?.Group));
        Assert.Equal(2, claims.CountUsed(Range));
        Assert.Equal("g-1", claims.Read(used)?.Owner);
    }

    [Fact]
    public void A_resting_slot_is_not_woken_only_to_be_kept_ready()
    {
        ClaimDirectory claims = Claims();
        claims.Free(claims.Claim(Range, Record("g-1")));
        int second = claims.ClaimSpare(Range, Record("g-ready-1"));

        Assert.Throws<SlotsExhaustedException>(() => claims.ClaimSpare(Range, Record("g-ready-2")));

        // Nobody has used this one: it needs no rest.
        claims.MarkReady(second);
        claims.Free(second);
        Assert.Equal(second, claims.ClaimSpare(Range, Record("g-ready-3")));
    }

    [Fact]
    public void Many_claims_do_not_make_the_next_one_read_them()
    {
        var wide = new SlotRange(IPNetwork.Parse("10.210.0.0/24"));
        ClaimDirectory claims = Claims();
        int first = claims.Claim(wide, Record("g-1"));
        File.WriteAllText(Path.Join(_directory, "slots", new SlotPlan(first).Address.ToString()), "nobody reads this");

        int second = claims.Claim(wide, Record("g-2"));

        Assert.True(claims.AnyOther(second));
        Assert.Equal(2, claims.CountUsed(wide));
        claims.Free(second);
        Assert.Equal(1, claims.CountUsed(wide));
    }

    private ClaimDirectory Claims() => new(_directory, _clock);

    private static ClaimRecord Record(string owner) =>
        new() { Owner = owner, Group = "g", StateDirectory = "/s", BootId = ProcessTable.BootId, Pid = 1, StartTicks = 1, Mtu = 1500 };

    private sealed class SettableClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
