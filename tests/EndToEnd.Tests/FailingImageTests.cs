namespace EndToEnd.Tests;

/// <summary>Preparing an image, where a command of the operator fails.</summary>
public sealed class FailingImageTests
{
    [Theory]
    [ClassData(typeof(Hypervisors))]
    public async Task Image_build_names_the_failing_command_its_exit_code_its_last_lines_and_the_way_out(string hypervisor)
    {
        IReadOnlyList<string> output = await Scenario.RunAsync("tests/EndToEnd.Tests/scenarios/failing-image", hypervisor);

        Assert.Equal("image build: exit code 1", output[^1]);
        string error = Assert.Single(output, line => line.StartsWith("fleeting-plugin-vmpool: ", StringComparison.Ordinal));
        Assert.Contains("vm_prebuild_cloudinit_extra_cmds[1] `echo about to fail; exit 7` failed with exit code 7", error, StringComparison.Ordinal);
        Assert.Contains("|| true", error, StringComparison.Ordinal);
        Assert.Contains("last output: about to fail", error, StringComparison.Ordinal);
        Assert.DoesNotContain(output, line => line.Contains("never reached", StringComparison.Ordinal));
        Assert.Contains("leak check: the host is as it was", output);
    }
}
