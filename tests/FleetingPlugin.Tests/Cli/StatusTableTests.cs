using FleetingPlugin.Cli;
using VmPool.Ports;
using VmPool.Status;

namespace FleetingPlugin.Tests.Cli;

public sealed class StatusTableTests
{
    [Theory]
    [InlineData("ready", "", "  template cafe: instances are clones of it")]
    [InlineData("building", "warming the way of a login", "  template cafe is being made: warming the way of a login")]
    [InlineData("failed", "the template's guest did not answer", "  instances boot: the template's guest did not answer")]
    public void A_group_says_whether_its_instances_are_clones_and_if_not_why(string state, string detail, string expected)
    {
        string[] lines = Lines(new TemplateStatus(state, "cafe", detail));

        Assert.Equal(["group ci: plugin pid 42, hypervisor qemu", expected, "  no instances"], lines);
    }

    [Fact]
    public void A_group_that_never_needed_a_template_says_nothing_of_one() =>
        Assert.Equal(["group ci: plugin pid 42, hypervisor qemu", "  no instances"], Lines(null));

    private static string[] Lines(TemplateStatus? template) =>
        StatusCommand.Table(new StatusReport([new GroupStatus("ci", 42, "qemu", Simulated: false, template)], [])).Split(Environment.NewLine);
}
