using System.Net;
using LinuxHost;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Provisioning;

namespace NetworkDriver;

/// <summary>
/// The ports of a group with real slots and real directories, in which a sleeping process stands for each machine: for
/// measuring what the pool itself costs.
/// </summary>
internal sealed class ProcessPool(GroupOptions options) : IHypervisor, IMachineTemplate, IImageStore, ITemplateStore, IInstanceDisks, IGuestProbe, IGuestAgent
{
    private static readonly string[] Files = ["disk.qcow2", "qmp.sock", "qemu.log", "serial.log", "launch.log", "seed.iso"];

    public string Name => "process";

    public VmPorts Ports(ISlotPool slots) => new(this, slots, this, this, this, this, this, new HostCapacity());

    ImageStatus IImageStore.Status => new("ready", "image", "");

    TemplateStatus ITemplateStore.Status => new("ready", "template", "");

    public Task<HypervisorCapabilities> ProbeAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new HypervisorCapabilities("0", "none", IsEmulated: false));

    public Task<ImageGeneration> CurrentAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new ImageGeneration("image", "", "", "", null, "", options.Machine.User));

    public Task<Template?> CurrentAsync(ImageGeneration image, CancellationToken cancellationToken)
    {
        var none = new VmDisk("", "raw", ReadOnly: true);
        return Task.FromResult<Template?>(new Template("template", image, none, none, this));
    }

    public long FreeBytes() => 1L << 50;

    public Task<IReadOnlyList<VmDisk>> CreateAsync(
        ImageGeneration image, string directory, uint userId, GuestIdentity identity, CancellationToken cancellationToken) =>
        throw new NotSupportedException("nothing boots here");

    public IReadOnlyList<VmDisk> CreateClone(Template template, string directory, uint userId)
    {
        PrivateDirectory.Ensure(directory);
        foreach (string file in Files)
        {
            File.WriteAllBytes(Path.Combine(directory, file), new byte[200_000]);
        }
        return [];
    }

    public Task<IVirtualMachine> CloneAsync(MachineRequest request, CancellationToken cancellationToken) => Task.FromResult<IVirtualMachine>(
        new SleepingMachine(Spawn.Start(new SpawnRequest
        {
            Program = "nsenter",
            Arguments = [$"--net={NetworkNamespace.PathOf(request.NetworkNamespace)}", "sleep", "1000"],
            OutputPath = Path.Combine(request.Directory, "process.log"),
        })));

    public Task<IVirtualMachine> BootAsync(BootRequest request, CancellationToken cancellationToken) => CloneAsync(request, cancellationToken);

    public Task<IVirtualMachine> StartTemplateAsync(BootRequest request, string directory, CancellationToken cancellationToken) =>
        CloneAsync(request, cancellationToken);

    public Task SaveTemplateAsync(IVirtualMachine machine, string directory, CancellationToken cancellationToken) => machine.StopAsync(cancellationToken);

    public Task<IMachineTemplate> OpenTemplateAsync(string directory, CancellationToken cancellationToken) => Task.FromResult<IMachineTemplate>(this);

    public Task<IVirtualMachine?> AdoptAsync(ProcessIdentity process, string directory, CancellationToken cancellationToken) =>
        Task.FromResult<IVirtualMachine?>(null);

    public Task WaitForPortAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task WaitForBannerAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task WaitAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task IdentifyAsync(IPAddress address, IVirtualMachine machine, GuestIdentity identity, CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        // Nothing is held.
    }

    private sealed class SleepingMachine(ChildProcess process) : IVirtualMachine
    {
        public ProcessIdentity Process => process.Identity;

        public Task<VmExit> Exited { get; } = WatchAsync(process);

        public string ReadLastOutput() => "";

        public Task<bool> IsAliveAsync(CancellationToken cancellationToken) => Task.FromResult(!process.Exited.IsCompleted);

        public async Task StopAsync(CancellationToken cancellationToken)
        {
            process.Kill();
            await process.Exited.WaitAsync(cancellationToken);
        }

        private static async Task<VmExit> WatchAsync(ChildProcess process) => new(await process.Exited, "");
    }
}
