using System.Net;

namespace VmPool.Ports;

/// <summary>Talks to the agent that waits inside every template and therefore inside every fresh clone.</summary>
public interface IGuestAgent
{
    /// <summary>Gives the guest its identity and fresh entropy, once. Returns when the guest has confirmed that all of it is in force.</summary>
    /// <exception cref="HypervisorException">The guest refused, or the machine ended first; carries its words or its last output.</exception>
    Task IdentifyAsync(IPAddress address, IVirtualMachine machine, GuestIdentity identity, CancellationToken cancellationToken);
}
