using System.Net;
using System.Text;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Simulated;

/// <summary>A guest that "boots" for a configured time and, for a configured share of addresses, never comes up.</summary>
internal sealed class SimulatedGuest(GroupOptions group, Faults faults, TimeProvider clock) : IGuestProbe, IGuestAgent
{
    private readonly SimulationOptions options = group.Simulation;
    private int starts;

    public Task WaitForPortAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken) =>
        group.Hypervisor.Start == "boot" ? StartAsync("boot", cancellationToken) : Task.CompletedTask;

    public Task WaitForBannerAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken)
    {
        faults.At("ssh");
        return Task.CompletedTask;
    }

    public Task WaitAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task IdentifyAsync(IPAddress address, IVirtualMachine machine, GuestIdentity identity, CancellationToken cancellationToken) =>
        StartAsync("identity", cancellationToken);

    private async Task StartAsync(string step, CancellationToken cancellationToken)
    {
        await Task.Delay(options.Boot, clock, cancellationToken);
        faults.At(step);
        int start = Interlocked.Increment(ref starts);
        if (Fails(start))
        {
            throw new HypervisorException(
                $"simulated failure of start number {start} (simulated_failure_rate = {options.FailureRate}, simulated_seed = {options.Seed})");
        }
    }

    /// <summary>The same seed fails the same starts, whatever happens between them (FNV-1a of seed and number as the die).</summary>
    private bool Fails(int start)
    {
        uint hash = 2166136261;
        foreach (byte b in Encoding.ASCII.GetBytes($"{options.Seed}/{start}"))
        {
            hash = (hash ^ b) * 16777619;
        }
        hash ^= hash >> 16;
        return hash / (double)uint.MaxValue < options.FailureRate;
    }
}
