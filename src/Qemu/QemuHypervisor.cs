using LinuxHost;
using Microsoft.Extensions.Logging;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace Qemu;

/// <summary>Runs virtual machines with QEMU, one unprivileged process each, controlled over QMP.</summary>
public sealed class QemuHypervisor : IHypervisor
{
    private readonly QemuSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SharedProbe<Installation> _probe;

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
        _probe = new SharedProbe<Installation>(settings.Program, InspectAsync);
    }

    /// <summary>Whether the machine in a directory is one of this driver, be it of an earlier process.</summary>
    public static bool Owns(string directory) => File.Exists(Path.Combine(directory, MachineFiles.Socket));

    /// <inheritdoc/>
    public string Name => "qemu";

    /// <inheritdoc/>
    public async Task<HypervisorCapabilities> ProbeAsync(CancellationToken cancellationToken) =>
        (await _probe.GetAsync(cancellationToken)).Capabilities;

    /// <inheritdoc/>
    public async Task<IVirtualMachine> BootAsync(BootRequest request, CancellationToken cancellationToken)
    {
        Installation installed = await _probe.GetAsync(cancellationToken);
        MachineLaunch launch = MachineLaunch.ForBoot(request, installed.Accelerator);
        return await Start.RunAsync(launch, QemuStart.RequireRunningAsync, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IVirtualMachine> StartTemplateAsync(BootRequest request, string directory, CancellationToken cancellationToken)
    {
        Installation installed = await _probe.GetAsync(cancellationToken);
        string memory = Path.Combine(directory, TemplateFiles.Memory);
        return await TemplateMemory.StartAsync(memory, request, async () => await Start.RunAsync(
            MachineLaunch.ForTemplate(request, installed.Accelerator, memory), QemuStart.RequireRunningAsync, cancellationToken));
    }

    /// <inheritdoc/>
    public Task SaveTemplateAsync(IVirtualMachine machine, string directory, CancellationToken cancellationToken) =>
        machine is QemuMachine qemu
            ? new TemplateSave(qemu, directory, _settings.StartDeadline, _time).RunAsync(cancellationToken)
            : throw new ArgumentException("the machine is none of this driver", nameof(machine));

    /// <inheritdoc/>
    public async Task<IMachineTemplate> OpenTemplateAsync(string directory, CancellationToken cancellationToken)
    {
        Installation installed = await _probe.GetAsync(cancellationToken);
        // Copying the memory takes a good tenth of a second, in one go.
        return await Task.Run(
            () => QemuTemplate.Open(
                directory, installed.Accelerator, installed.Version.MapsReadOnlyFiles, (request, ct) => RequireAsync(installed, request, ct), Start, cancellationToken),
            cancellationToken);
    }

    // Opened long ago, perhaps: QEMU may have been upgraded since.
    private async Task RequireAsync(Installation opener, MachineRequest request, CancellationToken cancellationToken)
    {
        Installation installed = await _probe.GetAsync(cancellationToken);
        if (installed.Capabilities.TemplateKey != opener.Capabilities.TemplateKey)
        {
            throw new HypervisorException(
                $"cannot start instance {request.InstanceId}: its template cannot be used any more: it was opened with \"{opener.Capabilities.TemplateKey}\", but \"{installed.Capabilities.TemplateKey}\" is installed; the next request gets a new one");
        }
    }

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

    private QemuStart Start => new(_settings.Program, _settings.StartDeadline, _time, _logger);

    private async Task<Installation> InspectAsync()
    {
        QemuVersion version = await QemuVersion.ReadAsync(_settings.Program, CancellationToken.None);
        AcceleratorChoice choice = await new AcceleratorProbe(_settings, _time, _logger).ChooseAsync(version.Number, CancellationToken.None);
        _logger.AcceleratorChosen(version.Number, choice.Name);
        return new Installation(version, new HypervisorCapabilities(
            version.Number, choice.Name, IsEmulated: choice.Name == "tcg", choice.Warning, await TemplateKeyAsync(version, choice.Name)));
    }

    private static async Task<string> TemplateKeyAsync(QemuVersion version, string accelerator)
    {
        string cpu = QemuArguments.CpuModel(accelerator, nested: false);
        if (accelerator == "kvm")
        {
            cpu += $" {await HostProcessor.FingerprintAsync()}";
        }
        return $"qemu {version.Build}, machine {QemuArguments.MachineType}, cpu {cpu}, accel {accelerator}, devices {QemuArguments.Fingerprint(accelerator)}";
    }

    private sealed record Installation(QemuVersion Version, HypervisorCapabilities Capabilities)
    {
        internal string Accelerator => Capabilities.Accelerator;
    }
}
