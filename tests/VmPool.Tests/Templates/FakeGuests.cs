using System.Net;
using LinuxHost;
using VmPool.Guests;
using VmPool.Ports;
using VmPool.Tests.Images;

namespace VmPool.Tests.Templates;

/// <summary>A hypervisor whose templates are small files, with guests that do what they are told; every step is noted and can fail.</summary>
internal sealed class FakeGuests : IHypervisor, IGuestProbe, IGuestAgent, IGuestLogin
{
    private string given = "";

    public FakeSlotPool Slots { get; } = new();

    public List<string> Steps { get; } = [];

    public string LastStep
    {
        get
        {
            lock (Steps)
            {
                return Steps.LastOrDefault("");
            }
        }
    }

    /// <summary>Thrown at the step of that name.</summary>
    public Dictionary<string, Exception> Faults { get; } = [];

    /// <summary>A step of that name waits for the task.</summary>
    public Dictionary<string, Task> Holds { get; } = [];

    public BootRequest? Template { get; private set; }

    public MachineRequest? Trial { get; private set; }

    public string FreezeInput { get; private set; } = "";

    public int Open { get; private set; }

    public List<FakeGuest> Machines { get; } = [];

    public string? Key { get; set; } = "fake 1";

    /// <summary>What the trial clone answers when it is asked for its name; by default the one it was given.</summary>
    public string? Name { get; set; }

    public IReadOnlyList<string> DiskFormats { get; set; } = ["qcow2", "raw"];

    string IHypervisor.Name => "fake";

    public Task<HypervisorCapabilities> ProbeAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new HypervisorCapabilities("1", "none", false, "a reason", Key) { DiskFormats = DiskFormats });

    public Task<IVirtualMachine> BootAsync(BootRequest request, CancellationToken cancellationToken) => throw new NotSupportedException("a template is not booted so");

    public async Task<IVirtualMachine> StartTemplateAsync(BootRequest request, string directory, CancellationToken cancellationToken)
    {
        Template = request;
        await StepAsync("start");
        await File.WriteAllTextAsync(Path.Combine(directory, "memory"), "half", cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(request.Directory, "console.log"), "booted", cancellationToken);
        return NewMachine();
    }

    public async Task SaveTemplateAsync(IVirtualMachine machine, string directory, CancellationToken cancellationToken)
    {
        await StepAsync("save");
        await File.WriteAllTextAsync(Path.Combine(directory, "memory"), "whole", cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(directory, "state"), "devices", cancellationToken);
        await machine.StopAsync(cancellationToken);
    }

    public async Task<IMachineTemplate> OpenTemplateAsync(string directory, CancellationToken cancellationToken)
    {
        await StepAsync("open");
        Open++;
        return new Opened(this);
    }

    public Task<IVirtualMachine?> AdoptAsync(ProcessIdentity process, string directory, CancellationToken cancellationToken) => Task.FromResult<IVirtualMachine?>(null);

    public Task WaitForPortAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken) => StepAsync("port");

    public Task WaitForBannerAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken) => StepAsync("banner");

    public Task WaitAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken) => StepAsync("agent");

    public Task IdentifyAsync(IPAddress address, IVirtualMachine machine, GuestIdentity identity, CancellationToken cancellationToken)
    {
        given = identity.HostName;
        return StepAsync("identify");
    }

    public async Task<string> RunAsync(GuestAccess access, string command, string input, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (command.Contains("freeze", StringComparison.Ordinal))
        {
            FreezeInput = input;
            await StepAsync("freeze");
            return "";
        }
        await StepAsync(command);
        return command == "hostname" ? (Name ?? given) + "\n" : "";
    }

    private async Task StepAsync(string step)
    {
        lock (Steps)
        {
            Steps.Add(step);
        }
        if (Holds.TryGetValue(step, out Task? hold))
        {
            await hold;
        }
        if (Faults.TryGetValue(step, out Exception? fault))
        {
            throw fault;
        }
    }

    private FakeGuest NewMachine()
    {
        var machine = new FakeGuest();
        Machines.Add(machine);
        return machine;
    }

    private sealed class Opened(FakeGuests guests) : IMachineTemplate
    {
        public async Task<IVirtualMachine> CloneAsync(MachineRequest request, CancellationToken cancellationToken)
        {
            guests.Trial = request;
            await guests.StepAsync("clone");
            return guests.NewMachine();
        }

        public void Dispose() => guests.Open--;
    }
}

internal sealed class FakeGuest : IVirtualMachine
{
    private readonly TaskCompletionSource<VmExit> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ProcessIdentity Process => default;

    public Task<VmExit> Exited => exited.Task;

    public string ReadLastOutput() => "the guest's last words";

    public Task<bool> IsAliveAsync(CancellationToken cancellationToken) => Task.FromResult(!exited.Task.IsCompleted);

    public Task StopAsync(CancellationToken cancellationToken)
    {
        exited.TrySetResult(new VmExit(0, ""));
        return Task.CompletedTask;
    }
}
