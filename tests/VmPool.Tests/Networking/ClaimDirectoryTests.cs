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
        ClaimDirectory claims = Claims();
        int first = claims.Claim(Range, Record("g-1") with { BootId = "another boot" });

        Assert.Null(claims.Read(first));
        Assert.Empty(claims.List());
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

    private ClaimDirectory Claims() => new(_directory, _clock);

    private static ClaimRecord Record(string owner) =>
        new() { Owner = owner, Group = "g", StateDirectory = "/s", BootId = ProcessTable.BootId, Pid = 1, StartTicks = 1, Mtu = 1500 };

    private sealed class SettableClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
