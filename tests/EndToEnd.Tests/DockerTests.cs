namespace EndToEnd.Tests;

/// <summary>Docker runs in the template, and so in every clone from its first second on.</summary>
public sealed class DockerTests
{
    [Theory]
    [ClassData(typeof(Hypervisors))]
    public async Task Three_clones_serve_docker_autoscaler_each_with_an_engine_of_its_own(string hypervisor)
    {
        IReadOnlyList<string> output = await Scenario.RunAsync("tests/EndToEnd.Tests/scenarios/docker", hypervisor);

        IReadOnlyList<GuestReport> clones = GuestReport.ReadAll("docker/clones");
        Assert.Equal(3, clones.Count);
        Assert.Equal(3, clones.Select(clone => clone["engine_id"]).Distinct().Count());
        Assert.All(clones, clone =>
        {
            Assert.Equal("20", clone["sessions"]);
            // That of the way out, which the scenario makes narrower than Docker's own default.
            Assert.Equal("mtu 1400", clone["eth0"]);
            Assert.Equal("mtu 1400", clone["docker0"]);
            Assert.Equal("mtu 1400", clone["container"]);
        });
        Assert.Contains("leak check: the host is as it was", output);
    }
}
