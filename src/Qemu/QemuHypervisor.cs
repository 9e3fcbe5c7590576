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
    private Task<Installation>? _probe;

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
    public async Task<HypervisorCapabilities> ProbeAsync(CancellationToken cancellationToken) =>
        (await FindAsync(cancellationToken)).Capabilities;

    /// <inheritdoc/>
    public async Task<IVirtualMachine> BootAsync(BootRequest request, CancellationToken cancellationToken)
    {
        Installation installed = await FindAsync(cancellationToken);
        MachineLaunch launch = MachineLaunch.ForBoot(request, installed.Accelerator);
        return await Start.RunAsync(launch, QemuStart.RequireRunningAsync, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IVirtualMachine> StartTemplateAsync(BootRequest request, string directory, CancellationToken cancellationToken)
    {
        Installation installed = await FindAsync(cancellationToken);
        string memory = Path.Combine(directory, TemplateFiles.Memory);
        try
        {
            CreateMemory(memory, request);
            MachineLaunch launch = MachineLaunch.ForTemplate(request, installed.Accelerator, memory);
            return await Start.RunAsync(launch, QemuStart.RequireRunningAsync, cancellationToken);
        }
        catch (Exception e)
        {
            File.Delete(memory);
            if (e is IOException or UnauthorizedAccessException or HostResourceException)
            {
                throw new HypervisorException($"cannot start template {request.InstanceId}: cannot make its memory {memory}: {e.Message}", e);
            }
            throw;
        }
    }

    /// <inheritdoc/>
    public Task SaveTemplateAsync(IVirtualMachine machine, string directory, CancellationToken cancellationToken) =>
        machine is QemuMachine qemu
            ? new TemplateSave(qemu, directory, _settings.StartDeadline, _time).RunAsync(cancellationToken)
            : throw new ArgumentException("the machine is none of this driver", nameof(machine));

    /// <inheritdoc/>
    public async Task<IMachineTemplate> OpenTemplateAsync(string directory, CancellationToken cancellationToken)
    {
        Installation installed = await FindAsync(cancellationToken);
        // Copying the memory takes a good tenth of a second, in one go.
        return await Task.Run(
            () => QemuTemplate.Open(directory, installed.Accelerator, installed.Version.MapsReadOnlyFiles, Start, cancellationToken),
            cancellationToken);
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

    private async Task<Installation> FindAsync(CancellationToken cancellationToken)
    {
        Task<Installation> probe;
        lock (_gate)
        {
            // A failure is not kept: what was missing may have been installed meanwhile.
            if (_probe is null || _probe.IsFaulted)
            {
                // Several callers share one run, which ends by its own deadlines: none of them cancels it for the others.
                _probe = InspectAsync();
            }
            probe = _probe;
        }
        return await probe.WaitAsync(cancellationToken);
    }

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
        string cpu = QemuArguments.CpuModel(accelerator);
        if (cpu == "host")
        {
            cpu += $" {HostProcessor.Fingerprint(await File.ReadAllTextAsync("/proc/cpuinfo"))}";
        }
        return $"qemu {version.Build}, machine {QemuArguments.MachineType}, cpu {cpu}, accel {accelerator}, devices {QemuArguments.Fingerprint(accelerator)}";
    }

    private static void CreateMemory(string path, MachineRequest request)
    {
        using (var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            file.SetLength((long)request.MemoryMb << 20);
        }
        FileOwner.Give(path, request.UserId);
    }

    private sealed record Installation(QemuVersion Version, HypervisorCapabilities Capabilities)
    {
        internal string Accelerator => Capabilities.Accelerator;
    }
}
