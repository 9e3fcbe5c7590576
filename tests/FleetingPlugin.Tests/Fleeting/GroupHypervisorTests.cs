using FleetingPlugin.Fleeting;
using LinuxHost;
using VmPool.Ports;

namespace FleetingPlugin.Tests.Fleeting;

public sealed class GroupHypervisorTests
{
    [Fact]
    public async Task A_machine_is_adopted_by_the_driver_that_started_it_whichever_is_chosen_now()
    {
        var chosen = new NamedDriver("chosen");
        var other = new NamedDriver("other");
        var group = new GroupHypervisor(chosen, [new KnownDriver(other, directory => directory == "/other"), new KnownDriver(chosen, directory => directory == "/chosen")]);

        foreach (string directory in new[] { "/other", "/chosen", "/neither" })
        {
            await group.AdoptAsync(default, directory, CancellationToken.None);
        }

        Assert.Equal(["/other"], other.Adopted);
        Assert.Equal(["/chosen", "/neither"], chosen.Adopted);
        Assert.Equal("chosen", group.Name);
        Assert.Equal([true, true, false], new[] { "other", "chosen", "simulated" }.Select(((IHypervisor)group).CanAdopt));
    }

    private sealed class NamedDriver(string name) : IHypervisor
    {
        public string Name => name;

        public List<string> Adopted { get; } = [];

        public Task<IVirtualMachine?> AdoptAsync(ProcessIdentity process, string directory, CancellationToken cancellationToken)
        {
            Adopted.Add(directory);
            return Task.FromResult<IVirtualMachine?>(null);
        }

        public Task<HypervisorCapabilities> ProbeAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IVirtualMachine> BootAsync(BootRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IVirtualMachine> StartTemplateAsync(BootRequest request, string directory, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task SaveTemplateAsync(IVirtualMachine machine, string directory, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IMachineTemplate> OpenTemplateAsync(string directory, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
