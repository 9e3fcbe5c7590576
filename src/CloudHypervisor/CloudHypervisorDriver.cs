using LinuxHost;
using Microsoft.Extensions.Logging;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace CloudHypervisor;

/// <summary>Runs virtual machines with Cloud Hypervisor, one unprivileged process each, controlled over its REST API.</summary>
public sealed class CloudHypervisorDriver : IHypervisor
{
    private readonly CloudHypervisorSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SharedProbe<Installation> _probe;

    /// <summary>Creates the driver; touches nothing of the host yet.</summary>
    public CloudHypervisorDriver(CloudHypervisorSettings settings, TimeProvider time, ILogger<CloudHypervisorDriver> logger)
    {
        _settings = settings;
        _time = time;
        _logger = logger;
        _probe = new SharedProbe<Installation>(settings.Program, InspectAsync);
    }

    /// <inheritdoc/>
    public string Name => "cloud-hypervisor";

    /// <summary>Whether the machine in a directory is one of this driver, be it of an earlier process.</summary>
    public static bool Owns(string directory) => File.Exists(Path.Combine(directory, MachineFiles.Socket));

    private CloudStart Start => new(_settings.Program, _settings.StartDeadline, _time, _logger);

    /// <inheritdoc/>
    public async Task<HypervisorCapabilities> ProbeAsync(CancellationToken cancellationToken) =>
        (await _probe.GetAsync(cancellationToken)).Capabilities;

    /// <inheritdoc/>
    public async Task<IVirtualMachine> BootAsync(BootRequest request, CancellationToken cancellationToken)
    {
        Installation installed = await _probe.GetAsync(cancellationToken);
        installed.Require(request.Disks);
        var view = new MachineView(request.Directory);
        VmConfig config = VmConfigBuilder.Boot(request, view, installed.Landlock);
        return await Start.RunAsync(request, view, Booting(config), template: null, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IVirtualMachine> StartTemplateAsync(BootRequest request, string directory, CancellationToken cancellationToken)
    {
        Installation installed = await _probe.GetAsync(cancellationToken);
        installed.Require(request.Disks);
        string memory = Path.Combine(directory, TemplateFiles.Memory);
        return await TemplateMemory.StartAsync(memory, request, async () =>
        {
            SnapshotDirectory.Create(request);
            var view = new MachineView(request.Directory);
            VmConfig config = VmConfigBuilder.Template(request, memory, view, installed.Landlock);
            var template = new TemplateMachine(config, TemplateRecord.Of(request, installed));
            return await Start.RunAsync(request, view, Booting(config), template, cancellationToken);
        });
    }

    /// <inheritdoc/>
    public Task SaveTemplateAsync(IVirtualMachine machine, string directory, CancellationToken cancellationToken) =>
        machine is CloudMachine { Template: { } template } cloud
            ? new TemplateSave(cloud, template, directory, _settings.StartDeadline, _time).RunAsync(cancellationToken)
            : throw new ArgumentException("the machine is none that this driver has started as a template", nameof(machine));

    /// <inheritdoc/>
    public async Task<IMachineTemplate> OpenTemplateAsync(string directory, CancellationToken cancellationToken) =>
        await CloudTemplate.OpenAsync(directory, _probe, Start, cancellationToken);

    /// <inheritdoc/>
    public Task<IVirtualMachine?> AdoptAsync(ProcessIdentity process, string directory, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string instanceId = Path.GetFileName(Path.TrimEndingDirectorySeparator(directory));
        IVirtualMachine? machine = ChildProcess.Watch(process) is { } child
            ? new CloudMachine(child, ApiClient.To(instanceId, directory), OpenEvents(child, instanceId, directory), instanceId, directory, _time, _logger)
            : null;
        return Task.FromResult(machine);
    }

    // The description is only stored by the first call; what is wrong with it is the answer to the second.
    private static GuestBeginning Booting(VmConfig config) => async (api, progress, cancellationToken) =>
    {
        progress.Missing = "did not answer vm.create";
        await api.PutAsync("vm.create", config, ApiJson.Default.VmConfig, cancellationToken);
        progress.Missing = "did not answer vm.boot";
        await api.PutAsync("vm.boot", cancellationToken);
    };

    private Stream? OpenEvents(ChildProcess child, string instanceId, string directory)
    {
        try
        {
            Stream? events = EventPipe.Open(directory);
            if (events is null)
            {
                _logger.NoEvents(instanceId, child.Identity.Pid, "the pipe is gone");
            }
            return events;
        }
        catch (Exception e) when (e is IOException or ArgumentException)
        {
            // The machine's user owns the directory and may have put anything there; the machine is adopted all the same.
            _logger.NoEvents(instanceId, child.Identity.Pid, e.Message);
            return null;
        }
    }

    private async Task<Installation> InspectAsync()
    {
        CloudVersion version = await CloudVersion.ReadAsync(_settings.Program, CancellationToken.None);
        if (await new ProgramTest(_settings.Program, _time).RunAsync() is { } fault)
        {
            throw new HostRequirementException($"{_settings.Program} {version.Number} cannot be used on this host: {fault}");
        }
        string processor = await HostProcessor.FingerprintAsync();
        bool landlock = CloudHypervisorChecks.HasLandlock;
        _logger.Found(version.Build, landlock ? "on" : "not offered by the kernel");
        string key = $"cloud-hypervisor {version.Build}, cpu {processor}, devices {VmConfigBuilder.Fingerprint(landlock)}";
        // The accelerator is always the host's own.
        var capabilities = new HypervisorCapabilities(version.Number, "kvm", IsEmulated: false, TemplateKey: key) { DiskFormats = version.DiskFormats };
        return new Installation(version, processor, landlock, capabilities);
    }
}
