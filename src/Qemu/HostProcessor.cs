using System.Security.Cryptography;
using System.Text;

namespace Qemu;

/// <summary>What a guest with `-cpu host` sees of the host: a saved one cannot go on under another processor.</summary>
internal static class HostProcessor
{
    // What the kernel says about the first processor; the rest of its lines changes from moment to moment.
    private static readonly string[] Stable = ["vendor_id", "cpu family", "model", "model name", "stepping", "microcode", "flags"];

    /// <summary>Sixteen hex digits.</summary>
    /// <param name="cpuInfo">Content of /proc/cpuinfo.</param>
    internal static string Fingerprint(string cpuInfo)
    {
        string first = cpuInfo.Split("\n\n")[0];
        IEnumerable<string> lines = first.Split('\n').Where(line => Stable.Contains(line.Split(':')[0].Trim()));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))))[..16];
    }
}
