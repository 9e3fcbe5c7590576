using LinuxHost;
using VmPool.Ports;

namespace FleetingPlugin.Fleeting;

/// <summary>One driver, and how it knows its machines.</summary>
/// <param name="Driver">The driver.</param>
/// <param name="Owns">Whether it has started the machine in a directory.</param>
internal sealed record KnownDriver(IHypervisor Driver, Func<string, bool> Owns);

/// <summary>
/// The hypervisor of a group. It also takes over the machines that an earlier process of ours started with another one: the
/// configuration may have changed, or "auto" may mean another one since something was installed.
/// </summary>
internal sealed class GroupHypervisor(IHypervisor chosen, IReadOnlyList<KnownDriver> all) : IHypervisor
{
    public string Name => chosen.Name;

    public Task<HypervisorCapabilities> ProbeAsync(CancellationToken cancellationToken) => chosen.ProbeAsync(cancellationToken);

    public Task<IVirtualMachine> BootAsync(BootRequest request, CancellationToken cancellationToken) => chosen.BootAsync(request, cancellationToken);

    public Task<IVirtualMachine> StartTemplateAsync(BootRequest request, string directory, CancellationToken cancellationToken) =>
        chosen.StartTemplateAsync(request, directory, cancellationToken);

    public Task SaveTemplateAsync(IVirtualMachine machine, string directory, CancellationToken cancellationToken) =>
        chosen.SaveTemplateAsync(machine, directory, cancellationToken);

    public Task<IMachineTemplate> OpenTemplateAsync(string directory, CancellationToken cancellationToken) =>
        chosen.OpenTemplateAsync(directory, cancellationToken);

    public bool CanAdopt(string hypervisor) => all.Any(known => known.Driver.Name == hypervisor);

    public Task<IVirtualMachine?> AdoptAsync(ProcessIdentity process, string directory, CancellationToken cancellationToken) =>
        (all.FirstOrDefault(known => known.Owns(directory))?.Driver ?? chosen).AdoptAsync(process, directory, cancellationToken);
}
