using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool;
using VmPool.Guests;
using VmPool.Images;
using VmPool.Networking;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Provisioning;
using VmPool.Recovery;
using VmPool.Storage;
using VmPool.Templates;

namespace FleetingPlugin.Fleeting;

/// <summary>The ports of a group with real virtual machines, after the host has been found fit for them.</summary>
internal sealed class RealPool(GroupOptions options, TimeProvider clock, ILoggerFactory loggers)
{
    private static readonly (string Program, string Package)[] Programs = [("qemu-img", "qemu-utils"), ("setpriv", "util-linux"), ("ssh", "openssh-client")];

    private static readonly (string Program, string Package)[] BuildPrograms = [("genisoimage", "genisoimage"), ("mmdebstrap", "mmdebstrap"), ("mke2fs", "e2fsprogs")];

    private readonly ILogger log = loggers.CreateLogger("vmpool");

    /// <summary>Whether instances are to be made: only then the files of a prepared image must be there.</summary>
    public bool MakesInstances { get; init; } = true;

    /// <summary>Registers the group on the host and makes its ports; what must be given back is added to <paramref name="held"/>.</summary>
    /// <exception cref="HostRequirementException">The host lacks something; all of it is named.</exception>
    public async Task<VmPorts> OpenAsync(GroupHold held, CancellationToken cancellationToken)
    {
        IHypervisor hypervisor = await CheckHostAsync(cancellationToken);
        held.Add(await new HostRegistry(new RunDirectory()).RegisterAsync(options, cancellationToken));
        VmPorts ports = Create(hypervisor, out ImageStore images, out TemplateStore templates);
        held.Add(images);
        templates.KeepsNote = true;
        held.Add(templates);
        return ports;
    }

    /// <summary>The ports alone, for commands that look or build beside a running plugin.</summary>
    public VmPorts Create(IHypervisor hypervisor, out ImageStore images, out TemplateStore templates)
    {
        OwnDirectory.Ensure(options.DiskDirectory);
        var slots = new NetworkSlots(options, loggers.CreateLogger("slots"), clock);
        images = new ImageStore(options, hypervisor, slots, clock, loggers.CreateLogger<ImageStore>());
        var disks = new InstanceDisks(options, hypervisor);
        var probe = new SshProbe(clock, options.Network.SshPort);
        var agent = new GuestAgent(clock);
        templates = new TemplateStore(
            options, hypervisor, slots, disks, probe, agent, new OpenSshLogin(options.Network.SshPort), clock, loggers.CreateLogger<TemplateStore>());
        return new VmPorts(hypervisor, slots, images, templates, disks, probe, agent, new HostCapacity());
    }

    /// <summary>The hypervisor that the configuration names, or the best one that works here, with the disks that it is to have.</summary>
    /// <exception cref="HostRequirementException">The host lacks it.</exception>
    public async Task<IHypervisor> ChooseHypervisorAsync(CancellationToken cancellationToken)
    {
        if (options.DiskLoopGb > 0)
        {
            await LoopFileSystem.EnsureAsync(options.DiskDirectory, options.DiskLoopGb, clock, cancellationToken);
        }
        return await new HypervisorChoice(options, clock, loggers).ChooseAsync(cancellationToken);
    }

    /// <summary>Everything that is missing at once, so that the operator needs one round and not ten.</summary>
    private async Task<IHypervisor> CheckHostAsync(CancellationToken cancellationToken)
    {
        (IHypervisor? hypervisor, string? hypervisorFault) = await TryChooseAsync(cancellationToken);
        HostNetworkReport network = await HostNetworkChecks.ValidateAsync(options.Network, cancellationToken);
        foreach (string warning in network.Warnings)
        {
            log.HostWarning(warning);
        }
        string[] faults =
        [
            .. hypervisorFault is null ? Array.Empty<string>() : [hypervisorFault],
            .. NestedFault() is { } nested ? [nested] : Array.Empty<string>(),
            .. Programs.Concat(options.Image.Prepared ? [] : BuildPrograms).Where(tool => ProgramPath.TryFind(tool.Program) is null)
                .Select(tool => $"the program {tool.Program} is missing; install it: apt-get install {tool.Package}"),
            .. MakesInstances ? PreparedFiles.Faults(options) : [],
            .. network.Faults,
            .. ConfiguredDirectories.Faults(options),
        ];
        if (faults.Length > 0)
        {
            throw new HostRequirementException(faults.Length == 1
                ? $"this host cannot run virtual machines for group {options.Name}: {faults[0]}"
                : $"this host cannot run virtual machines for group {options.Name}, for {faults.Length} reasons: "
                    + string.Join("; ", faults.Select((fault, i) => $"({i + 1}) {fault}")));
        }
        return hypervisor!;
    }

    // An emulated processor has AMD's virtualization whatever the host's can do.
    private string? NestedFault() =>
        options.Machine.Nested && options.Hypervisor.Accelerator != "tcg" && KvmDevice.NestedFault() is { } fault ? $"vm_nested = true, but {fault}" : null;

    private async Task<(IHypervisor? Hypervisor, string? Fault)> TryChooseAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await ChooseHypervisorAsync(cancellationToken), null);
        }
        catch (HostRequirementException e)
        {
            return (null, e.Message);
        }
    }
}
