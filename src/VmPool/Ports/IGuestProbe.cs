using System.Net;

namespace VmPool.Ports;

/// <summary>Finds out when a guest takes connections.</summary>
public interface IGuestProbe
{
    /// <summary>Returns when the guest's SSH port accepts a connection. Ends early when the machine's process ends.</summary>
    /// <exception cref="HypervisorException">The machine ended first; carries its last output.</exception>
    Task WaitForPortAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken);

    /// <summary>Returns when the guest's sshd has sent its banner. Ends early when the machine's process ends.</summary>
    /// <exception cref="HypervisorException">The machine ended first; carries its last output.</exception>
    Task WaitForBannerAsync(IPAddress address, IVirtualMachine machine, CancellationToken cancellationToken);
}
