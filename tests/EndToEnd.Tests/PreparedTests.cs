namespace EndToEnd.Tests;

/// <summary>An image that the operator brings, with a guest that has nothing of ours in it.</summary>
public sealed class PreparedTests
{
    private static readonly string[] s_unique = ["machine_id", "hostname", "boot_id", "uuid", "host.served_key"];

    [Theory]
    [ClassData(typeof(Hypervisors))]
    public async Task Clones_and_a_booted_instance_of_a_prepared_image_take_their_identity_from_its_agent(string hypervisor)
    {
        IReadOnlyList<string> output = await Scenario.RunAsync("tests/EndToEnd.Tests/scenarios/prepared", hypervisor);

        IReadOnlyList<GuestReport> clones = GuestReport.ReadAll("prepared/clones");
        Assert.Equal(2, clones.Count);
        Assert.Equal(2, output.Count(line => line.Contains(" refuses the key of ", StringComparison.Ordinal)));
        Assert.All(clones, clone => Assert.Contains(" vmpool.template", clone["command_line"], StringComparison.Ordinal));
        GuestReport booted = Assert.Single(GuestReport.ReadAll("prepared/booted"));
        Assert.DoesNotContain(" vmpool.template", booted["command_line"], StringComparison.Ordinal);
        GuestReport[] all = [.. clones, booted];
        Assert.All(s_unique, name => Assert.Equal(3, all.Select(guest => guest[name]).Distinct().Count()));
        Assert.All(all, guest =>
        {
            Assert.Equal(guest.Instance, guest["hostname"]);
            Assert.Equal(guest.Instance, guest["written"]);
            Assert.Equal("a disk of the operator's own", guest["disk"]);
        });
        Assert.Contains("leak check: the host is as it was", output);
    }
}
