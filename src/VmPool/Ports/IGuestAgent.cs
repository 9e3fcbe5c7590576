using System.Net;

namespace VmPool.Ports;

/// <summary>Talks to the agent that waits inside every template and therefore inside every fresh clone, and in every booted guest of a prepared image.</summary>
public interface IGuestAgent
{
    /// <summary>Returns when the agent listens. It is not told anything yet.</summary>
    /// <exception cref="HypervisorException">The machine ended first; carries its last output.</exception>
    Task WaitAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken);

    /// <summary>Gives the guest its identity and fresh entropy, once. Returns when the guest has confirmed that all of it is in force.</summary>
    /// <exception cref="HypervisorException">The guest refused, or the machine ended first; carries its words or its last output.</exception>
    Task IdentifyAsync(IPAddress address, IVirtualMachine machine, GuestIdentity identity, CancellationToken cancellationToken);
}
