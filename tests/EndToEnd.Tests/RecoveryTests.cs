namespace EndToEnd.Tests;

/// <summary>The plugin is killed in the middle of its work.</summary>
public sealed class RecoveryTests
{
    [Theory]
    [ClassData(typeof(Hypervisors))]
    public async Task A_running_machine_survives_two_crashes_and_half_made_ones_are_removed(string hypervisor)
    {
        IReadOnlyList<string> output = await Scenario.RunAsync("tests/EndToEnd.Tests/scenarios/recovery", hypervisor);

        // The story checks itself; these are the proofs that it was told to its end.
        Assert.Equal(2, output.Count(line => line.StartsWith("== SIGKILL to plugin ", StringComparison.Ordinal)));
        Assert.Contains("gc: group recovery: 1 removed, 0 could not be removed, 1 running and kept", output);
        Assert.Contains(output, line => line.EndsWith("Job succeeded", StringComparison.Ordinal));
        Assert.Contains("leak check: the host is as it was", output);
    }
}
