using System.Globalization;

namespace EndToEnd.Tests;

/// <summary>Clones of one template share its memory and its disk, and must share nothing that is secret or a name.</summary>
public sealed class UniquenessTests
{
    private const long Second = 1_000_000_000;

    private static readonly string[] s_unique =
        ["getrandom", "urandom", "machine_id", "boot_id", "hostname", "uuid", "tls_key", "host_key", "host.served_key"];

    [Theory]
    [ClassData(typeof(Hypervisors))]
    public async Task Six_clones_have_nothing_in_common_that_must_be_their_own(string hypervisor)
    {
        IReadOnlyList<string> output = await Scenario.RunAsync("tests/EndToEnd.Tests/scenarios/uniqueness", hypervisor);

        IReadOnlyList<GuestReport> clones = GuestReport.ReadAll("uniqueness/clones");
        Assert.Equal(6, clones.Count);
        Assert.Empty(Shared(clones));
        Assert.All(clones, clone =>
        {
            Assert.Equal(clone.Instance, clone["hostname"]);
            long clock = Number(clone, "clock_ns");
            Assert.InRange(clock, Number(clone, "host.before_ns") - Second, Number(clone, "host.after_ns") + Second);
        });
        Assert.Equal(6, output.Count(line => line.Contains(" refuses the key of ", StringComparison.Ordinal)));
        Assert.Contains("leak check: the host is as it was", output);

        // The check of the check: without the agent's entropy the same comparison finds what it is there to find. Debian 13's
        // kernel knows VM generation ids and reseeds by itself: there it proves that this device works.
        IReadOnlyList<GuestReport> alike = GuestReport.ReadAll("uniqueness/without-entropy");
        Assert.Equal(2, alike.Count);
        Assert.Equal(Environment.GetEnvironmentVariable("RELEASE") == "trixie", Shared(alike).Count == 0);
    }

    /// <summary>Names whose value two reports have in common.</summary>
    private static IReadOnlyList<string> Shared(IReadOnlyList<GuestReport> guests) =>
        [.. s_unique.Where(name => guests.Select(guest => guest[name]).Distinct().Count() < guests.Count)];

    private static long Number(GuestReport report, string name) => long.Parse(report[name], CultureInfo.InvariantCulture);
}
