using LinuxHost;
using VmPool;

namespace CloudHypervisor;

/// <summary>What this host must have for Cloud Hypervisor, one question each. An absent answer means that all is well.</summary>
public static class CloudHypervisorChecks
{
    // The interface that Cloud Hypervisor insists on once it is told to use it.
    private const int OldestLandlock = 3;

    /// <summary>Whether a new enough Cloud Hypervisor is installed.</summary>
    public static async Task<string?> VersionFaultAsync(CloudHypervisorSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            await CloudVersion.ReadAsync(settings.Program, cancellationToken);
            return null;
        }
        catch (HostRequirementException e)
        {
            return e.Message;
        }
    }

    /// <summary>Whether the kernel makes virtual machines for us.</summary>
    public static string? KvmFault() => KvmDevice.Fault();

    /// <summary>Whether the kernel can lock a machine's process out of all files but its own; without it, user and mounts alone do.</summary>
    public static string? LandlockFault() => HasLandlock
        ? null
        : $"the kernel offers no Landlock (version {OldestLandlock} or later): Linux 6.2 or later with landlock in its list of security modules has it";

    internal static bool HasLandlock => Landlock.Version() >= OldestLandlock;
}
