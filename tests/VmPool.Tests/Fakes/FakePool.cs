using System.Collections.Concurrent;
using System.Net;
using LinuxHost;
using VmPool.Ports;
using VmPool.Provisioning;

namespace VmPool.Tests.Fakes;

/// <summary>All ports of a group in memory. Every step can be held, failed or watched from the test.</summary>
internal sealed class FakePool : IReadySlots, IImageStore, IInstanceDisks, IHypervisor, IMachineTemplate, ITemplateStore, IGuestProbe, IGuestAgent, IHostCapacity
{
    private readonly ConcurrentDictionary<int, string> claims = new();
    private readonly ConcurrentDictionary<int, string> groups = new();
    private readonly ConcurrentDictionary<int, string> policies = new();
    private int lastPid = 1000;

    /// <summary>Names of steps and undos in the order in which they happened.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>Thrown at the step of that name.</summary>
    public ConcurrentDictionary<string, Exception> Failures { get; } = new();

    /// <summary>A step of that name waits for the task.</summary>
    public ConcurrentDictionary<string, Task> Holds { get; } = new();

    public ConcurrentDictionary<int, FakeMachine> Machines { get; } = new();

    /// <summary>The process all claims say they were made by; as it stands, one that no longer lives.</summary>
    public ProcessIdentity ClaimedBy { get; set; } = new(int.MaxValue, 1);

    public bool AcquireFailsHavingClaimed { get; set; }

    public int SlotCount { get; set; } = 8;

    public long MemoryMb { get; set; } = 1 << 20;

    public long DiskBytes { get; set; } = 1L << 50;

    public bool Emulated { get; set; }

    public VmPorts Ports => new(this, this, this, this, this, this, this, this);

    /// <summary>Instances go on from a template; otherwise they boot.</summary>
    public bool HasTemplate { get; set; }

    /// <summary>Of the template that instances get now.</summary>
    public string TemplateKey { get; set; } = "beef";

    public string Name => "fake";

    /// <summary>Other hypervisors whose machines are taken over.</summary>
    public IReadOnlyList<string> Adoptable { get; set; } = [];

    public bool CanAdopt(string hypervisor) => hypervisor == Name || Adoptable.Contains(hypervisor);

    public int Size => SlotCount;

    public ImageStatus Status => new("ready", "cafe", "");

    public IReadOnlyDictionary<int, string> Claims => claims;

    /// <summary>What slots made now are like; a ready one of another policy is not handed over.</summary>
    public string SlotPolicy { get; set; } = "as today";

    public int CountFree() => SlotCount - claims.Values.Count(owner => !owner.Contains("-ready-", StringComparison.Ordinal));

    public async Task<NetworkSlot> PrepareAsync(string owner, CancellationToken cancellationToken)
    {
        await StepAsync("prepare", cancellationToken);
        int number = Enumerable.Range(0, SlotCount).FirstOrDefault(n => claims.TryAdd(n, owner), -1);
        if (number < 0)
        {
            throw new SlotsExhaustedException("all are claimed");
        }
        policies[number] = SlotPolicy;
        return new NetworkSlot(number, IPAddress.Loopback, $"fake-{number}", 1500, 0);
    }

    public async Task<NetworkSlot?> TransferAsync(int number, string from, string to, CancellationToken cancellationToken)
    {
        await StepAsync("transfer", cancellationToken);
        return policies.GetValueOrDefault(number) == SlotPolicy && claims.TryUpdate(number, to, from)
            ? new NetworkSlot(number, IPAddress.Loopback, $"fake-{number}", 1500, 0)
            : null;
    }

    public async Task<bool> IsCurrentAsync(int number, string owner, CancellationToken cancellationToken)
    {
        await StepAsync("look", cancellationToken);
        return policies.GetValueOrDefault(number) == SlotPolicy && claims.GetValueOrDefault(number) == owner;
    }

    public Task<int> MtuAsync(CancellationToken cancellationToken) => Task.FromResult(1500);

    public async Task<NetworkSlot> AcquireAsync(string owner, CancellationToken cancellationToken)
    {
        await StepAsync("slot", cancellationToken);
        int number = Enumerable.Range(0, SlotCount).FirstOrDefault(n => claims.TryAdd(n, owner), -1);
        if (number < 0)
        {
            throw new SlotsExhaustedException("all are claimed");
        }
        if (AcquireFailsHavingClaimed)
        {
            throw new IOException("the device could not be made, and its undo failed as well");
        }
        return new NetworkSlot(number, IPAddress.Loopback, $"fake-{number}", 1500, 0);
    }

    public Task<NetworkSlot?> AdoptAsync(int number, string owner, CancellationToken cancellationToken) =>
        Task.FromResult(claims.TryGetValue(number, out string? holder) && holder == owner
            ? new NetworkSlot(number, IPAddress.Loopback, $"fake-{number}", 1500, 0)
            : null);

    public async Task DisconnectAsync(int number, string owner, CancellationToken cancellationToken) =>
        await StepAsync("undo link", cancellationToken);

    public async Task ReleaseAsync(int number, string owner, CancellationToken cancellationToken)
    {
        await StepAsync("undo slot", cancellationToken);
        claims.TryRemove(new KeyValuePair<int, string>(number, owner));
    }

    public IReadOnlyList<SlotClaim> FindClaims(string group) =>
        [.. claims.Where(claim => groups.GetValueOrDefault(claim.Key, "default") == group).Select(claim => new SlotClaim(claim.Key, claim.Value, ClaimedBy))];

    public void Claim(int number, string owner, string group = "default")
    {
        claims[number] = owner;
        groups[number] = group;
    }

    public async Task<ImageGeneration> CurrentAsync(CancellationToken cancellationToken)
    {
        await StepAsync("image", cancellationToken);
        return new ImageGeneration("cafe", "/nowhere", "/nowhere/disk.raw", "/nowhere/vmlinuz", null, "root=/dev/vda", "ci") { IsPrepared = HasPreparedImage };
    }

    public long FreeBytes() => DiskBytes;

    async Task<IReadOnlyList<VmDisk>> IInstanceDisks.CreateAsync(
        ImageGeneration image, string directory, uint userId, GuestIdentity identity, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        await StepAsync("disk", cancellationToken);
        return [new VmDisk(Path.Combine(directory, "disk"), "raw", ReadOnly: false)];
    }

    /// <summary>The image is one of the operator's own.</summary>
    public bool HasPreparedImage { get; set; }

    public Task<HypervisorCapabilities> ProbeAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new HypervisorCapabilities("1", "none", Emulated));

    public async Task<IVirtualMachine> BootAsync(BootRequest request, CancellationToken cancellationToken)
    {
        await StepAsync("vmm", cancellationToken);
        var machine = new FakeMachine(this, Interlocked.Increment(ref lastPid));
        Machines[machine.Process.Pid] = machine;
        return machine;
    }

    public async Task<IVirtualMachine> CloneAsync(MachineRequest request, CancellationToken cancellationToken)
    {
        await StepAsync("resume", cancellationToken);
        var machine = new FakeMachine(this, Interlocked.Increment(ref lastPid));
        Machines[machine.Process.Pid] = machine;
        return machine;
    }

    public void Dispose()
    {
        // Nothing is held.
    }

    TemplateStatus ITemplateStore.Status => new(HasTemplate ? "ready" : "off", TemplateKey, "");

    public async Task<Template?> CurrentAsync(ImageGeneration image, CancellationToken cancellationToken)
    {
        if (!HasTemplate)
        {
            return null;
        }
        await StepAsync("template", cancellationToken);
        var none = new VmDisk("/nowhere/overlay.qcow2", "qcow2", ReadOnly: true);
        return new Template(TemplateKey, image, none, none, this);
    }

    public IReadOnlyList<VmDisk> CreateClone(Template template, string directory, uint userId)
    {
        Directory.CreateDirectory(directory);
        return [new VmDisk(Path.Combine(directory, "disk"), "qcow2", ReadOnly: false)];
    }

    public Task<IVirtualMachine> StartTemplateAsync(BootRequest request, string directory, CancellationToken cancellationToken) =>
        BootAsync(request, cancellationToken);

    public Task SaveTemplateAsync(IVirtualMachine machine, string directory, CancellationToken cancellationToken) => machine.StopAsync(cancellationToken);

    public Task<IMachineTemplate> OpenTemplateAsync(string directory, CancellationToken cancellationToken) => Task.FromResult<IMachineTemplate>(this);

    public Task WaitAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken) => StepAsync("agent", cancellationToken);

    public Task IdentifyAsync(IPAddress address, IVirtualMachine machine, GuestIdentity identity, CancellationToken cancellationToken) =>
        StepAsync("identity", cancellationToken);

    public Task<IVirtualMachine?> AdoptAsync(ProcessIdentity process, string directory, CancellationToken cancellationToken) =>
        Task.FromResult<IVirtualMachine?>(Machines.GetValueOrDefault(process.Pid) is { Exited.IsCompleted: false } machine ? machine : null);

    public Task WaitForPortAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken) => StepAsync("boot", cancellationToken);

    public Task WaitForBannerAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken) => StepAsync("ssh", cancellationToken);

    public long AvailableMemoryMb() => MemoryMb;

    public long ResidentMemoryMb(int pid) => 0;

    internal async Task StepAsync(string step, CancellationToken cancellationToken)
    {
        Calls.Enqueue(step);
        if (Holds.TryGetValue(step, out Task? hold))
        {
            await hold.WaitAsync(cancellationToken);
        }
        if (Failures.TryGetValue(step, out Exception? failure))
        {
            throw failure;
        }
    }
}

internal sealed class FakeMachine(FakePool pool, int pid) : IVirtualMachine
{
    private readonly TaskCompletionSource<VmExit> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ProcessIdentity Process { get; } = new(pid, 1);

    public Task<VmExit> Exited => exited.Task;

    public string ReadLastOutput() => "guest said this last";

    public Task<bool> IsAliveAsync(CancellationToken cancellationToken) => Task.FromResult(!exited.Task.IsCompleted);

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await pool.StepAsync("undo vmm", cancellationToken);
        End(0);
    }

    public void End(int code) => exited.TrySetResult(new VmExit(code, "guest said this last"));
}
