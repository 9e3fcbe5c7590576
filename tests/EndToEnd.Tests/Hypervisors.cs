namespace EndToEnd.Tests;

/// <summary>What every scenario is played on: both drivers, or the one that HYPERVISOR names.</summary>
internal sealed class Hypervisors : TheoryData<string>
{
    public Hypervisors()
        : base(Environment.GetEnvironmentVariable("HYPERVISOR") is { Length: > 0 } chosen ? [chosen] : ["qemu", "cloud-hypervisor"])
    {
    }
}
