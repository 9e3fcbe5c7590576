using VmPool.Options;

namespace VmPool.Simulated;

/// <summary>Throws, at one named step, what no port is supposed to throw: proof that an instance's error stays its own.</summary>
internal sealed class Faults(SimulationOptions options)
{
    public void At(string step)
    {
        if (options.Fault == step)
        {
            throw new InvalidOperationException($"simulated fault at step {step} (simulated_fault = \"{step}\")");
        }
    }
}
