using LinuxHost;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Simulated;

/// <summary>Runs no machine at all: for contract tests, benchmarks and for operators who tune autoscaler policies.</summary>
internal sealed class SimulatedHypervisor(SimulationOptions options, Faults faults) : IHypervisor, IMachineTemplate
{
    public string Name => SimulatedPool.HypervisorName;

    public Task<HypervisorCapabilities> ProbeAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new HypervisorCapabilities("0", "none", IsEmulated: false, TemplateKey: "simulated"));

    public Task<IVirtualMachine> BootAsync(BootRequest request, CancellationToken cancellationToken)
    {
        faults.At("vmm");
        bool undoFails = options.Fault == "undo";
        return Task.FromResult<IVirtualMachine>(new SimulatedMachine(undoFails));
    }

    public Task<IVirtualMachine> StartTemplateAsync(BootRequest request, string directory, CancellationToken cancellationToken) =>
        BootAsync(request, cancellationToken);

    public Task SaveTemplateAsync(IVirtualMachine machine, string directory, CancellationToken cancellationToken) =>
        machine.StopAsync(cancellationToken);

    public Task<IMachineTemplate> OpenTemplateAsync(string directory, CancellationToken cancellationToken) =>
        Task.FromResult<IMachineTemplate>(this);

    public Task<IVirtualMachine> CloneAsync(MachineRequest request, CancellationToken cancellationToken)
    {
        faults.At("resume");
        bool undoFails = options.Fault == "undo";
        return Task.FromResult<IVirtualMachine>(new SimulatedMachine(undoFails));
    }

    public void Dispose()
    {
        // A simulated template holds nothing.
    }

    // A simulated machine dies with the process that simulated it.
    public Task<IVirtualMachine?> AdoptAsync(ProcessIdentity process, string directory, CancellationToken cancellationToken) =>
        Task.FromResult<IVirtualMachine?>(null);
}

/// <summary>A machine that lives until it is stopped.</summary>
internal sealed class SimulatedMachine(bool firstStopFails) : IVirtualMachine
{
    private readonly TaskCompletionSource<VmExit> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool mayFail = firstStopFails;

    public ProcessIdentity Process => default;

    public Task<VmExit> Exited => exited.Task;

    public string ReadLastOutput() => "";

    public Task<bool> IsAliveAsync(CancellationToken cancellationToken) => Task.FromResult(!exited.Task.IsCompleted);

    public Task StopAsync(CancellationToken cancellationToken)
    {
        if (mayFail)
        {
            mayFail = false;
            throw new InvalidOperationException("simulated fault at step undo (simulated_fault = \"undo\"); the next try succeeds");
        }
        exited.TrySetResult(new VmExit(0, ""));
        return Task.CompletedTask;
    }
}
