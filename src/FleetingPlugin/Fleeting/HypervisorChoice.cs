using CloudHypervisor;
using LinuxHost;
using Microsoft.Extensions.Logging;
using Qemu;
using VmPool;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Storage;

namespace FleetingPlugin.Fleeting;

/// <summary>The hypervisor of a group: the one that the configuration names, or the best one that is installed and works here.</summary>
internal sealed class HypervisorChoice
{
    private readonly GroupOptions options;
    private readonly ILogger log;
    private readonly QemuSettings qemuSettings;
    private readonly QemuHypervisor qemu;
    private readonly CloudHypervisorDriver cloudHypervisor;

    public HypervisorChoice(GroupOptions options, TimeProvider clock, ILoggerFactory loggers)
    {
        this.options = options;
        log = loggers.CreateLogger("vmpool");
        qemuSettings = new QemuSettings
        {
            Accelerator = options.Hypervisor.Accelerator,
            ProbeCachePath = Path.Combine(options.StateDirectory, "kvm-probe.json"),
        };
        qemu = new QemuHypervisor(qemuSettings, clock, loggers.CreateLogger<QemuHypervisor>());
        cloudHypervisor = new CloudHypervisorDriver(new CloudHypervisorSettings(), clock, loggers.CreateLogger<CloudHypervisorDriver>());
    }

    /// <summary>Chooses, and says why in one line where the configuration leaves the choice to us.</summary>
    /// <exception cref="HostRequirementException">The host lacks it; says what and how to get it.</exception>
    /// <exception cref="HostResourceException">It cannot be found out what works here, which is no reason to take another one.</exception>
    public async Task<IHypervisor> ChooseAsync(CancellationToken cancellationToken)
    {
        IHypervisor chosen = await ChooseDriverAsync(cancellationToken);
        return new GroupHypervisor(chosen, [new KnownDriver(cloudHypervisor, CloudHypervisorDriver.Owns), new KnownDriver(qemu, QemuHypervisor.Owns)]);
    }

    private async Task<IHypervisor> ChooseDriverAsync(CancellationToken cancellationToken)
    {
        if (options.Hypervisor.Name == "qemu")
        {
            return QemuFault() is { } missing ? throw new HostRequirementException(missing) : qemu;
        }
        string? fault = await CloudHypervisorFaultAsync(cancellationToken);
        if (options.Hypervisor.Name == "cloud-hypervisor")
        {
            return fault is null ? cloudHypervisor : throw new HostRequirementException(fault);
        }
        IHypervisor best = fault is null ? cloudHypervisor
            : QemuFault() is not { } neither ? qemu
            : throw new HostRequirementException($"{neither}; nor can cloud-hypervisor be used: {fault}");
        log.HypervisorChosen(best.Name, fault ?? "it is installed and works here");
        return best;
    }

    private string? QemuFault() => ProgramPath.TryFind(qemuSettings.Program) is null
        ? $"no hypervisor is installed: the program {qemuSettings.Program} is missing; install it: apt-get install qemu-system-x86"
        : null;

    private async Task<string?> CloudHypervisorFaultAsync(CancellationToken cancellationToken)
    {
        if (options.Hypervisor.Accelerator == "tcg")
        {
            return "cloud-hypervisor has no software emulation, which accel = \"tcg\" asks for";
        }
        try
        {
            HypervisorCapabilities capabilities = await cloudHypervisor.ProbeAsync(cancellationToken);
            // A directory that cannot be used is told as such, whatever the hypervisor.
            if (ConfiguredDirectories.FaultOf("vm_disk_directory", options.DiskDirectory) is null)
            {
                DiskFormat.Choose(capabilities, options.DiskDirectory);
            }
            return null;
        }
        catch (HostRequirementException e)
        {
            return e.Message;
        }
    }
}
