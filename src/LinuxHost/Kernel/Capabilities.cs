using System.Globalization;

namespace LinuxHost;

/// <summary>Rights of the kernel, by their numbers in linux/capability.h.</summary>
public enum Capability
{
    /// <summary>CAP_CHOWN: give files away.</summary>
    Chown = 0,

    /// <summary>CAP_DAC_OVERRIDE: pass file permissions.</summary>
    DacOverride = 1,

    /// <summary>CAP_FOWNER: change modes of others' files.</summary>
    FOwner = 3,

    /// <summary>CAP_KILL: signal processes of other users.</summary>
    Kill = 5,

    /// <summary>CAP_SETGID: change groups.</summary>
    SetGid = 6,

    /// <summary>CAP_SETUID: change user.</summary>
    SetUid = 7,

    /// <summary>CAP_SETPCAP: take rights away from children for good.</summary>
    SetPcap = 8,

    /// <summary>CAP_NET_ADMIN: links, addresses, nftables.</summary>
    NetAdmin = 12,

    /// <summary>CAP_NET_RAW: raw sockets.</summary>
    NetRaw = 13,

    /// <summary>CAP_SYS_CHROOT: run programs in another root directory.</summary>
    SysChroot = 18,

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
    private const string UserMap = "/proc/self/uid_map";

    /// <summary>Whether the effective user is root.</summary>
    public static bool IsRoot => Field(File.ReadAllText(Status), "Uid").Split('\t')[1] == "0";

    /// <summary>
    /// Whether this process lives in a user namespace, as in a rootless container: whatever rights it shows there, the kernel
    /// lets it make no device nodes and give no files to users that are not mapped.
    /// </summary>
    public static bool InUserNamespace => !IsWholeMap(File.ReadAllText(UserMap));

    /// <summary>The names ("CAP_NET_ADMIN") of those wanted rights that this process does not have.</summary>
    public static IReadOnlyList<string> Missing(params IReadOnlyList<Capability> wanted) =>
        MissingIn(File.ReadAllText(Status), wanted);

    internal static IReadOnlyList<string> MissingIn(string status, IReadOnlyList<Capability> wanted)
    {
        ulong effective = ulong.Parse(Field(status, "CapEff"), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return [.. wanted.Where(capability => (effective >> (int)capability & 1) == 0).Select(Name)];
    }

    internal static bool IsWholeMap(string map) =>
        map.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is ["0", "0", "4294967295"];

    private static string Name(Capability capability) => capability switch
    {
        Capability.Chown => "CAP_CHOWN",
        Capability.DacOverride => "CAP_DAC_OVERRIDE",
        Capability.FOwner => "CAP_FOWNER",
        Capability.Kill => "CAP_KILL",
        Capability.SetGid => "CAP_SETGID",
        Capability.SetUid => "CAP_SETUID",
        Capability.SetPcap => "CAP_SETPCAP",
        Capability.NetAdmin => "CAP_NET_ADMIN",
        Capability.NetRaw => "CAP_NET_RAW",
        Capability.SysChroot => "CAP_SYS_CHROOT",
        Capability.SysAdmin => "CAP_SYS_ADMIN",
        Capability.SysResource => "CAP_SYS_RESOURCE",
        Capability.Mknod => "CAP_MKNOD",
        _ => throw new ArgumentOutOfRangeException(nameof(capability), capability, "unknown capability"),
    };

    private static string Field(string status, string name) =>
        status.Split('\n').First(line => line.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Trim();
}
