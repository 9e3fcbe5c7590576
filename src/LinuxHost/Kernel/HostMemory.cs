using System.Globalization;

namespace LinuxHost;

/// <summary>Memory of the host, from /proc/meminfo.</summary>
public static class HostMemory
{
    private const string Source = "/proc/meminfo";

    /// <summary>Bytes that can be used without swapping, the kernel's own estimate.</summary>
    public static long AvailableBytes => Field(File.ReadAllLines(Source), "MemAvailable");

    /// <summary>Bytes of RAM the kernel manages.</summary>
    public static long TotalBytes => Field(File.ReadAllLines(Source), "MemTotal");

    internal static long Field(IEnumerable<string> lines, string name)
    {
        string line = lines.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal))
            ?? throw new HostResourceException($"{Source} has no {name}");
        return long.Parse(line[(name.Length + 1)..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) * 1024;
    }
}
