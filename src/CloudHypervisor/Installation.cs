using VmPool.Ports;

namespace CloudHypervisor;

/// <summary>The Cloud Hypervisor of this host.</summary>
/// <param name="Version">Of the program.</param>
/// <param name="Processor">Fingerprint of the host's processor.</param>
/// <param name="Landlock">Whether machines are locked in by the kernel, too.</param>
/// <param name="Capabilities">What the pool is told.</param>
internal sealed record Installation(CloudVersion Version, string Processor, bool Landlock, HypervisorCapabilities Capabilities);
