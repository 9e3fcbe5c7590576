using System.Text.Json;
using LinuxHost;

namespace VmPool.Networking;

/// <summary>
/// Forwarding on the egress interface. It is switched on for that interface only, what it was is remembered beside the slot
/// claims, and the last slot of the host puts it back. IPv6 knows forwarding of single interfaces since Linux 6.17
/// (force_forwarding, which leaves router advertisements alone); on older kernels the only switch makes the host a router
/// between all its interfaces, which is the operator's decision and not ours.
/// </summary>
internal sealed class HostForwarding(string runDirectory)
{
    private const string All4 = "net/ipv4/conf/all/forwarding";
    private const string All6 = "net/ipv6/conf/all/forwarding";

    private readonly string _remembered = Path.Combine(runDirectory, "sysctl.json");

    /// <summary>Whether the kernel has IPv6.</summary>
    public static bool HasIpv6 => Sysctl.Read(All6) is not null;

    /// <summary>Whether the host forwards IPv4 that arrives on this interface.</summary>
    public static bool IsOn(string link) => Sysctl.Read(Key4(link)) == "1";

    /// <summary>Whether the host forwards IPv6 that arrives on this interface, or will once we have switched it on.</summary>
    public static bool CanForward6(string link, bool manage) =>
        Sysctl.Read(All6) == "1" || Sysctl.Read(Key6(link)) is "1" || (manage && Sysctl.Read(Key6(link)) is not null);

    /// <summary>Switches forwarding on where it is off. The caller holds the host's lock.</summary>
    /// <returns>The keys that were changed.</returns>
    public IReadOnlyList<string> SwitchOn(string link, string? link6)
    {
        List<string> keys = Sysctl.Read(Key4(link)) == "0" ? [Key4(link)] : [];
        if (link6 is not null && Sysctl.Read(All6) == "0" && Sysctl.Read(Key6(link6)) == "0")
        {
            keys.Add(Key6(link6));
        }
        if (keys.Count == 0)
        {
            return keys;
        }
        // Written ahead: after a crash in between, a value is put back that was never changed, which is harmless.
        Dictionary<string, string> remembered = Remembered();
        foreach (string key in keys)
        {
            remembered[key] = "0";
        }
        AtomicFile.Write(_remembered, JsonSerializer.Serialize(remembered, NetworkJson.Default.DictionaryStringString));
        foreach (string key in keys)
        {
            Sysctl.Write(key, "1");
        }
        return keys;
    }

    /// <summary>Lets a link of ours forward; the setting goes with the link.</summary>
    public static void SwitchOnOwn(string link)
    {
        Sysctl.Write(Key4(link), "1");
        if (Sysctl.Read(Key6(link)) is not null)
        {
            Sysctl.Write(Key6(link), "1");
        }
    }

    /// <summary>
    /// Puts back what <see cref="SwitchOn"/> changed, unless somebody has switched forwarding on for the whole host since
    /// (Docker, an operator): taking it off one interface would then break theirs.
    /// </summary>
    public void Restore()
    {
        foreach ((string key, string value) in Remembered())
        {
            string all = key.StartsWith("net/ipv4", StringComparison.Ordinal) ? All4 : All6;
            if (Sysctl.Read(all) == "0" && Sysctl.Read(key) is not null)
            {
                Sysctl.Write(key, value);
            }
        }
        File.Delete(_remembered);
        TemporaryName.RemoveLeftovers(runDirectory);
    }

    private Dictionary<string, string> Remembered() =>
        File.Exists(_remembered)
            ? JsonSerializer.Deserialize(File.ReadAllText(_remembered), NetworkJson.Default.DictionaryStringString) ?? []
            : [];

    private static string Key4(string link) => $"net/ipv4/conf/{link}/forwarding";

    private static string Key6(string link) => $"net/ipv6/conf/{link}/force_forwarding";
}
