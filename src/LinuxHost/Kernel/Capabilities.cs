using System.Globalization;

namespace LinuxHost;

/// <summary>Rights of the kernel, by their numbers in linux/capability.h.</summary>
public enum Capability
{
    /// <summary>CAP_CHOWN: give files away.</summary>
    Chown = 0,

    /// <summary>CAP_DAC_OVERRIDE: pass file permissions.</summary>
    DacOverride = 1,

    /// <summary>CAP_KILL: signal processes of other users.</summary>
    Kill = 5,

    /// <summary>CAP_SETGID: change groups.</summary>
    SetGid = 6,

    /// <summary>CAP_SETUID: change user.</summary>
    SetUid = 7,

    /// <summary>CAP_NET_ADMIN: links, addresses, nftables.</summary>
    NetAdmin = 12,

    /// <summary>CAP_NET_RAW: raw sockets.</summary>
    NetRaw = 13,

    /// <summary>CAP_SYS_ADMIN: namespaces and mounts.</summary>
    SysAdmin = 21,

    /// <summary>CAP_SYS_RESOURCE: raise resource limits.</summary>
    SysResource = 24,

    /// <summary>CAP_MKNOD: create device nodes.</summary>
    Mknod = 27,
}

/// <summary>The effective rights of this process.</summary>
public static class Capabilities
{
    private const string Status = "/proc/self/status";

    /// <summary>Whether the effective user is root.</summary>
    public static bool IsRoot => Field(File.ReadAllText(Status), "Uid").Split('\t')[1] == "0";

    /// <summary>The names ("CAP_NET_ADMIN") of those wanted rights that this process does not have.</summary>
    public static IReadOnlyList<string> Missing(params IReadOnlyList<Capability> wanted) =>
        MissingIn(File.ReadAllText(Status), wanted);

    internal static IReadOnlyList<string> MissingIn(string status, IReadOnlyList<Capability> wanted)
    {
        ulong effective = ulong.Parse(Field(status, "CapEff"), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return [.. wanted.Where(capability => (effective >> (int)capability & 1) == 0).Select(Name)];
    }

    private static string Name(Capability capability) => capability switch
    {
        Capability.Chown => "CAP_CHOWN",
        Capability.DacOverride => "CAP_DAC_OVERRIDE",
        Capability.Kill => "CAP_KILL",
        Capability.SetGid => "CAP_SETGID",
        Capability.SetUid => "CAP_SETUID",
        Capability.NetAdmin => "CAP_NET_ADMIN",
        Capability.NetRaw => "CAP_NET_RAW",
        Capability.SysAdmin => "CAP_SYS_ADMIN",
        Capability.SysResource => "CAP_SYS_RESOURCE",
        Capability.Mknod => "CAP_MKNOD",
        _ => throw new ArgumentOutOfRangeException(nameof(capability), capability, "unknown capability"),
    };

    private static string Field(string status, string name) =>
        status.Split('\n').First(line => line.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Trim();
}
