using System.Net;
using System.Text;
using System.Text.Json;
using LinuxHost;
using VmPool.Images;
using VmPool.Ports;

namespace VmPool.Tests.Images;

/// <summary>A clock whose wall time the test moves; timers and durations stay real.</summary>
internal sealed class MovableClock : TimeProvider
{
    private TimeSpan _offset;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _offset;

    public void Advance(TimeSpan by) => _offset += by;
}

/// <summary>Makes small files instead of installing Debian.</summary>
internal sealed class FakeRootDiskBuilder : IRootDiskBuilder
{
    public int Builds { get; private set; }

    public Exception? Fault { get; set; }

    /// <summary>Runs in the middle of the installation.</summary>
    public Action Meanwhile { get; set; } = () => { };

    public Task BuildAsync(ImageInputs inputs, RootFiles target, string scratch, BuildSteps steps, CancellationToken cancellationToken)
        => steps.RunAsync("fetch", "a fake installation", () =>
        {
            Builds++;
            Meanwhile();
            steps.Log.Write("fetching nothing");
            if (Fault is { } fault)
            {
                return Task.FromException(fault);
            }
            File.WriteAllText(target.Disk, "root disk");
            File.WriteAllText(target.Kernel, "kernel");
            File.WriteAllText(target.Initrd, "initrd");
            return Task.CompletedTask;
        }, cancellationToken);
}

/// <summary>One slot that is there or not.</summary>
internal sealed class FakeSlotPool : ISlotPool
{
    public List<string> Acquired { get; } = [];

    public List<string> Released { get; } = [];

    public Exception? ReleaseFault { get; set; }

    /// <summary>Releases wait for it.</summary>
    public Task ReleaseGate { get; set; } = Task.CompletedTask;

    public int Size => 1;

    public int CountFree() => 1;

    public Task<int> MtuAsync(CancellationToken cancellationToken) => Task.FromResult(1500);

    public Task<NetworkSlot> AcquireAsync(string owner, CancellationToken cancellationToken)
    {
        Acquired.Add(owner);
        return Task.FromResult(new NetworkSlot(7, IPAddress.Loopback, "vp7", 1500, 23456));
    }

    public Task<NetworkSlot?> AdoptAsync(int number, string owner, CancellationToken cancellationToken) => Task.FromResult<NetworkSlot?>(null);

    public Task DisconnectAsync(int number, string owner, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task ReleaseAsync(int number, string owner, CancellationToken cancellationToken)
    {
        await ReleaseGate;
        if (ReleaseFault is { } fault)
        {
            throw fault;
        }
        Released.Add(owner);
    }

    public IReadOnlyList<SlotClaim> FindClaims(string group) => [];
}

/// <summary>A guest that writes what its script says to the report disk and powers off.</summary>
internal sealed class FakeHypervisor : IHypervisor
{
    public string Output { get; set; } = "";

    public string Result { get; set; } = """{"state":"sealed"}""";

    /// <summary>Powers off without having been asked to; otherwise it runs until the task ends.</summary>
    public Task Lifetime { get; set; } = Task.CompletedTask;

    public BootRequest? Request { get; private set; }

    public string UserData { get; private set; } = "";

    /// <summary>Mode of the kernel file at the time of the boot.</summary>
    public UnixFileMode KernelMode { get; private set; }

    public string Name => "fake";

    public Task<HypervisorCapabilities> ProbeAsync(CancellationToken cancellationToken)
        => Task.FromResult(new HypervisorCapabilities("1", "none", false));

    public async Task<IVirtualMachine> BootAsync(BootRequest request, CancellationToken cancellationToken)
    {
        Request = request;
        KernelMode = File.GetUnixFileMode(request.KernelPath);
        UserData = (await HostCommand.RunAsync("isoinfo", ["-R", "-i", request.Disks[1].Path, "-x", "/user-data"], null, cancellationToken)).Output;
        using var report = File.OpenHandle(request.Disks[2].Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(report, Encoding.UTF8.GetBytes(Output), PrebuildScript.OutputOffset);
        RandomAccess.Write(report, Encoding.UTF8.GetBytes(Result), 0);
        await File.AppendAllTextAsync(request.Disks[0].Path, " + prebuild", cancellationToken);
        return new FakeMachine(Lifetime);
    }

    public Task<IVirtualMachine> StartTemplateAsync(BootRequest request, string directory, CancellationToken cancellationToken)
        => throw new NotSupportedException("an image build makes no template");

    public Task SaveTemplateAsync(IVirtualMachine machine, string directory, CancellationToken cancellationToken)
        => throw new NotSupportedException("an image build makes no template");

    public Task<IMachineTemplate> OpenTemplateAsync(string directory, CancellationToken cancellationToken)
        => throw new NotSupportedException("an image build makes no template");

    public Task<IVirtualMachine?> AdoptAsync(ProcessIdentity process, string directory, CancellationToken cancellationToken)
        => Task.FromResult<IVirtualMachine?>(null);

    /// <summary>The commands as the guest's shell would get them.</summary>
    public string Script()
    {
        using JsonDocument data = JsonDocument.Parse(UserData["#cloud-config\n".Length..]);
        return data.RootElement.GetProperty("write_files").EnumerateArray()
            .Single(file => file.GetProperty("path").GetString() == "/run/vmpool/commands.sh").GetProperty("content").GetString()!;
    }

    private sealed class FakeMachine(Task lifetime) : IVirtualMachine
    {
        private readonly TaskCompletionSource _stopped = new();

        public ProcessIdentity Process => new(1, 1);

        public Task<VmExit> Exited => EndAsync();

        public string ReadLastOutput() => "console tail";

        public Task<bool> IsAliveAsync(CancellationToken cancellationToken) => Task.FromResult(true);

        public Task StopAsync(CancellationToken cancellationToken)
        {
            _stopped.TrySetResult();
            return Task.CompletedTask;
        }

        private async Task<VmExit> EndAsync()
        {
            await Task.WhenAny(lifetime, _stopped.Task);
            return new VmExit(0, "console tail");
        }
    }
}
