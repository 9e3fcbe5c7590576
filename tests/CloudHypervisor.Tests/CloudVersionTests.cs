using MachineFixtures;
using Microsoft.Extensions.Logging.Abstractions;
using VmPool;
using VmPool.Ports;

namespace CloudHypervisor.Tests;

public sealed class CloudVersionTests
{
    [Theory]
    [InlineData("cloud-hypervisor v53.0\n", "53.0", "v53.0")]
    [InlineData("cloud-hypervisor v53.0-246-gae44c2971\n", "53.0", "v53.0-246-gae44c2971")]
    [InlineData("cloud-hypervisor v54.1.2\nEnabled features: [\"kvm\"]\n", "54.1.2", "v54.1.2")]
    [InlineData("cloud-hypervisor 60.0", "60.0", "60.0")]
    public void The_version_is_read_as_the_program_says_it(string output, string number, string build) =>
        Assert.Equal(new CloudVersion(number, build), CloudVersion.Parse("cloud-hypervisor", output));

    [Theory]
    [InlineData("cloud-hypervisor v53.0", "raw")]
    [InlineData("cloud-hypervisor v53.0-246-gae44c2971", "raw")]
    [InlineData("cloud-hypervisor v53.1", "raw")]
    [InlineData("cloud-hypervisor v54.0", "raw qcow2")]
    [InlineData("cloud-hypervisor v60.1.2", "raw qcow2")]
    public void Overlays_are_for_those_that_do_not_lose_writes_and_raw_disks_are_always_better(string output, string formats) =>
        Assert.Equal(formats.Split(' '), CloudVersion.Parse("cloud-hypervisor", output).DiskFormats);

    [Theory]
    [InlineData("cloud-hypervisor v52.0", "52.0")]
    [InlineData("cloud-hypervisor v51.2", "51.2")]
    public void An_old_one_is_refused_with_what_is_needed(string output, string number)
    {
        HostRequirementException error = Assert.Throws<HostRequirementException>(() => CloudVersion.Parse("cloud-hypervisor", output));

        Assert.StartsWith($"cloud-hypervisor has version {number}; 53.0 or newer is needed", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("QEMU emulator version 7.2")]
    [InlineData("cloud-hypervisor v99999999999.0")]
    public void Another_program_is_refused(string output) => Assert.Contains(
        "is this the right program?", Assert.Throws<HostRequirementException>(() => CloudVersion.Parse("ch", output)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_missing_program_is_told_with_where_to_get_it()
    {
        var settings = new CloudHypervisorSettings { Program = "no-such-cloud-hypervisor" };

        string? fault = await CloudHypervisorChecks.VersionFaultAsync(settings, CancellationToken.None);

        Assert.StartsWith("no-such-cloud-hypervisor is not installed", fault, StringComparison.Ordinal);
        Assert.Contains("github.com/cloud-hypervisor/cloud-hypervisor, v53.0 or newer", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_works_is_told_with_everything_that_a_template_depends_on()
    {
        using var directory = new TestDirectory();

        HypervisorCapabilities capabilities = await Driver(StubProgram.Install(directory, "cloud-hypervisor v53.0-246-gae44c2971")).ProbeAsync(CancellationToken.None);

        Assert.Equal(("53.0", "kvm", false, null), (capabilities.Version, capabilities.Accelerator, capabilities.IsEmulated, capabilities.Warning));
        Assert.Matches("^cloud-hypervisor v53.0-246-gae44c2971, cpu [0-9a-f]{16}, devices [0-9a-f]{8}$", capabilities.TemplateKey);
        Assert.Equal(["raw"], capabilities.DiskFormats);
    }

    [Fact]
    public async Task A_program_that_cannot_be_used_here_says_why_and_is_asked_again_next_time()
    {
        using var directory = new TestDirectory();
        CloudHypervisorDriver driver = Driver(StubProgram.Install(directory));
        string faults = directory["probe-faults.json"];
        await File.WriteAllTextAsync(faults, """{"start": {"stderr": "Failed to open hypervisor interface", "exit": 1}}""");

        HostRequirementException error = await Assert.ThrowsAsync<HostRequirementException>(() => driver.ProbeAsync(CancellationToken.None));
        Assert.Contains("cannot be used on this host: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("; it said: Failed to open hypervisor interface", error.Message, StringComparison.Ordinal);

        File.Delete(faults);
        Assert.Equal("53.0", (await driver.ProbeAsync(CancellationToken.None)).Version);
    }

    private static CloudHypervisorDriver Driver(string program) =>
        new(new CloudHypervisorSettings { Program = program }, TimeProvider.System, NullLogger<CloudHypervisorDriver>.Instance);
}
