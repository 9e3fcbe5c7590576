using LinuxHost;

namespace VmPool;

/// <summary>What this process must be allowed to do: networks, image building, and the start of machines as users of their own.</summary>
public static class HostRights
{
    private static readonly Capability[] Needed =
    [
        Capability.Chown, Capability.DacOverride, Capability.FOwner, Capability.Kill, Capability.SetGid, Capability.SetUid, Capability.SetPcap,
        Capability.NetAdmin, Capability.SysChroot, Capability.SysAdmin, Capability.Mknod,
    ];

    /// <summary>One sentence about what is missing, with its remedy; null when nothing is.</summary>
    public static string? Fault()
    {
        IReadOnlyList<string> missing = Capabilities.Missing(Needed);
        if (missing.Count > 0)
        {
            return Capabilities.IsRoot
                ? $"this process lacks {string.Join(", ", missing)} (an unprivileged container?); run the runner on the host or give it these capabilities"
                : "this process is not root, which it must be to make network namespaces and to start machines as users of their own; run gitlab-runner (or this command) as root";
        }
        return Capabilities.InUserNamespace
            ? "this process runs in a user namespace (a rootless container?), where the kernel allows no device nodes; run the runner on the host, or in a privileged container of a daemon that runs as root"
            : null;
    }
}
