using VmPool.Guests;
using VmPool.Ports;
using VmPool.Storage;

namespace VmPool.Templates;

/// <summary>The template that a group needs now.</summary>
/// <param name="Key">Hash of all the rest.</param>
/// <param name="Image">What it is booted from.</param>
/// <param name="Hypervisor">What of the hypervisor and the host it depends on.</param>
/// <param name="Mtu">Of the guest's link.</param>
internal sealed record TemplateWish(string Key, ImageGeneration Image, string Hypervisor, int Mtu);

/// <summary>What it takes to make a template.</summary>
internal sealed record TemplatePorts(
    IHypervisor Hypervisor, ISlotPool Slots, InstanceDisks Disks, IGuestProbe Probe, IGuestAgent Agent, IGuestLogin Login)
{
    /// <summary>Whether the installed hypervisor is still the one that the template is of: an upgrade may come at any time.</summary>
    /// <exception cref="ImageBuildException">It is another one; names both.</exception>
    public async Task RequireHypervisorAsync(TemplateWish wish, CancellationToken cancellationToken)
    {
        HypervisorCapabilities installed = await Hypervisor.ProbeAsync(cancellationToken);
        if (installed.TemplateKey != wish.Hypervisor)
        {
            throw new ImageBuildException(
                $"the hypervisor has changed from \"{wish.Hypervisor}\" to \"{installed.TemplateKey}\" meanwhile; the next request asks for a template of the new one");
        }
    }
}
