namespace LinuxHost;

/// <summary>
/// Kernel settings below /proc/sys. What lies under net/ belongs to the network namespace of the calling thread
/// (see <see cref="NetworkNamespace.RunInsideAsync"/>).
/// </summary>
public static class Sysctl
{
    private const string Root = "/proc/sys";

    /// <summary>The value, trimmed; null when the kernel has no such setting.</summary>
    /// <param name="key">"net.ipv4.ip_forward", or with slashes when an interface name holds a dot: "net/ipv4/conf/eth0.1/forwarding".</param>
    /// <exception cref="HostResourceException">It exists but cannot be read.</exception>
    public static string? Read(string key)
    {
        string path = PathOf(key);
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostResourceException($"cannot read sysctl {key}: {e.Message}", e);
        }
    }

    /// <summary>Sets the value.</summary>
    /// <exception cref="HostResourceException">No such setting, refused, or a read-only /proc/sys (a container); names key and value.</exception>
    public static void Write(string key, string value)
    {
        try
        {
            using var file = new FileStream(PathOf(key), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(value + "\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostResourceException($"cannot set sysctl {key} to {value}: {e.Message}", e);
        }
    }

    private static string PathOf(string key) =>
        Path.Join(Root, key.Contains('/', StringComparison.Ordinal) ? key : key.Replace('.', '/'));
}
