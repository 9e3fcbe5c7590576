using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool;
using VmPool.Ports;

namespace Qemu;

/// <summary>Runs virtual machines with QEMU, one unprivileged process each, controlled over QMP.</summary>
public sealed class QemuHypervisor : IHypervisor
{
    private readonly QemuSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private Task<HypervisorCapabilities>? _probe;

    /// <summary>Creates the driver; touches nothing of the host yet.</summary>
    /// <exception cref="ArgumentException">The accelerator is none of auto, kvm and tcg.</exception>
    public QemuHypervisor(QemuSettings settings, TimeProvider time, ILogger<QemuHypervisor> logger)
    {
        if (settings.Accelerator is not ("auto" or "kvm" or "tcg"))
        {
            throw new ArgumentException($"accel is \"{settings.Accelerator}\"; it can be auto, kvm or tcg", nameof(settings));
        }
        _settings = settings;
        _time = time;
        _logger = logger;
    }

    /// <inheritdoc/>
    public string Name => "qemu";

    /// <inheritdoc/>
    public async Task<HypervisorCapabilities> ProbeAsync(CancellationToken cancellationToken)
    {
        Task<HypervisorCapabilities> probe;
        lock (_gate)
        {
            // A failure is not kept: what was missing may have been installed meanwhile.
            if (_probe is null || _probe.IsFaulted)
            {
                // Several callers share one run, which ends by its own deadlines: none of them cancels it for the others.
                _probe = FindCapabilitiesAsync();
            }
            probe = _probe;
        }
        return await probe.WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IVirtualMachine> BootAsync(BootRequest request, CancellationToken cancellationToken)
    {
        HypervisorCapabilities capabilities = await ProbeAsync(cancellationToken);
        SpawnRequest spawn = Prepare(request, capabilities.Accelerator);
        var start = new QemuStart(_settings.Program, _settings.StartDeadline, _time, _logger);
        return await start.RunAsync(spawn, request.InstanceId, request.Directory, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IVirtualMachine> StartTemplateAsync(BootRequest request, string directory, CancellationToken cancellationToken) =>
        throw new HypervisorException("templates are not part of this driver yet");

    /// <inheritdoc/>
    public Task SaveTemplateAsync(IVirtualMachine machine, string directory, CancellationToken cancellationToken) =>
        throw new HypervisorException("templates are not part of this driver yet");

    /// <inheritdoc/>
    public Task<IMachineTemplate> OpenTemplateAsync(string directory, CancellationToken cancellationToken) =>
        throw new HypervisorException("templates are not part of this driver yet");

    /// <inheritdoc/>
    public Task<IVirtualMachine?> AdoptAsync(ProcessIdentity process, string directory, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string instanceId = Path.GetFileName(Path.TrimEndingDirectorySeparator(directory));
        IVirtualMachine? machine = ChildProcess.Watch(process) is { } child
            ? new QemuMachine(child, new QmpLink(directory, process.Pid, instanceId, _time), instanceId, directory, _time, _logger)
            : null;
        return Task.FromResult(machine);
    }

    /// <summary>The complete command that starts a machine.</summary>
    internal SpawnRequest Prepare(BootRequest request, string accelerator)
    {
        DiskChain[] chains = [.. request.Disks.Select(DiskChain.Read)];
        var view = new MachineView(request.Directory);
        IReadOnlyList<string> qemu = QemuArguments.Build(request, chains, accelerator, view);
        foreach ((string source, string name) in view.Files)
        {
            if (!File.Exists(source))
            {
                throw new HypervisorException($"cannot start instance {request.InstanceId}: its {name} {source} does not exist");
            }
        }
        Directory.CreateDirectory(MachineView.Root);
        long largestFile = chains.Select(chain => chain.VirtualSize).DefaultIfEmpty().Max();
        return new SpawnRequest
        {
            Program = QemuLaunch.Program,
            Arguments = QemuLaunch.Arguments(
                request.NetworkNamespace, request.Directory, request.UserId, largestFile, accelerator, view, [_settings.Program, .. qemu]),
            OutputPath = Path.Combine(request.Directory, MachineFiles.ProcessLog),
        };
    }

    private async Task<HypervisorCapabilities> FindCapabilitiesAsync()
    {
        string version = await QemuVersion.ReadAsync(_settings.Program, CancellationToken.None);
        AcceleratorChoice choice = await new AcceleratorProbe(_settings, _time, _logger).ChooseAsync(version, CancellationToken.None);
        _logger.AcceleratorChosen(version, choice.Name);
        return new HypervisorCapabilities(version, choice.Name, IsEmulated: choice.Name == "tcg", choice.Warning);
    }
}
