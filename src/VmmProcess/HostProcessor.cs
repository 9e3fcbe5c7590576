using System.Security.Cryptography;
using System.Text;

namespace VmmProcess;

/// <summary>What a guest with the host's own processor sees of the host: a saved one cannot go on under another processor.</summary>
public static class HostProcessor
{
    // What the kernel says about the first processor; the rest of its lines changes from moment to moment.
    private static readonly string[] Stable = ["vendor_id", "cpu family", "model", "model name", "stepping", "microcode", "flags"];

    /// <summary>Of the host that this process runs on.</summary>
    public static async Task<string> FingerprintAsync() => Fingerprint(await File.ReadAllTextAsync("/proc/cpuinfo"));

    /// <summary>Sixteen hex digits.</summary>
    /// <param name="cpuInfo">Content of /proc/cpuinfo.</param>
    public static string Fingerprint(string cpuInfo)
    {
        string first = cpuInfo.Split("\n\n")[0];
        IEnumerable<string> lines = first.Split('\n').Where(line => Stable.Contains(line.Split(':')[0].Trim()));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))))[..16];
    }
}
