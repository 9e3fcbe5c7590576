using System.Globalization;

namespace LinuxHost;

/// <summary>
/// Reads /proc. Every process may vanish between two reads, so absence is an answer everywhere.
/// </summary>
public static class ProcessTable
{
    // proc(5): /proc/PID/stat
    private const int UserTimeField = 14;
    private const int SystemTimeField = 15;
    private const int StartTicksField = 22;

    // USER_HZ, the same on every Linux that .NET runs on.
    private const int TicksPerSecond = 100;

    /// <summary>The boot id of the running kernel: a recorded process of another boot is gone.</summary>
    public static string BootId { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>Pid and start time of a living or not yet reaped process; null when there is none.</summary>
    public static ProcessIdentity? Identify(int pid) =>
        ReadStat(pid) is { } stat ? new ProcessIdentity(pid, ParseField(stat, StartTicksField)) : null;

    /// <summary>Clock ticks between boot and the start of the process.</summary>
    /// <exception cref="HostResourceException">There is no such process.</exception>
    public static ulong StartTicks(int pid) =>
        Identify(pid)?.StartTicks ?? throw new HostResourceException($"cannot read /proc/{pid}/stat: there is no process {pid}");

    /// <summary>CPU time the process has used so far, in steps of 10 ms; null when it is gone.</summary>
    public static TimeSpan? CpuTimeOf(int pid) =>
        ReadStat(pid) is { } stat ? TimeSpan.FromSeconds((ParseField(stat, UserTimeField) + ParseField(stat, SystemTimeField)) / (double)TicksPerSecond) : null;

    /// <summary>Inode that names the process's network namespace; null when the process is gone, a zombie, or not ours to inspect.</summary>
    public static ulong? NetworkNamespaceOf(int pid)
    {
        // A zombie has no namespaces: its link cannot be read. EACCES: another user's process.
        string? target = ReadLink(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net"));
        // The link reads "net:[4026531840]".
        return target is not null && ulong.TryParse(target.AsSpan()[(target.IndexOf('[', StringComparison.Ordinal) + 1)..^1],
            CultureInfo.InvariantCulture, out ulong inode) ? inode : null;
    }

    /// <summary>All processes that live in the network namespace with this inode.</summary>
    public static IReadOnlyList<ProcessIdentity> FindInNetworkNamespace(ulong inode)
    {
        var found = new List<ProcessIdentity>();
        foreach (int pid in Pids())
        {
            // The namespace alone costs a tenth of the identity, and most processes live elsewhere. Then it is read again between
            // two readings of the identity: if the pid is reused, the pair can only fail to match, never match wrongly twice.
            if (NetworkNamespaceOf(pid) == inode && Identify(pid) is { } identity && NetworkNamespaceOf(pid) == inode && Identify(pid) == identity)
            {
                found.Add(identity);
            }
        }
        return found;
    }

    /// <summary>The pids of all processes at this moment.</summary>
    public static IEnumerable<int> Pids() =>
        Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0)
            .Where(pid => pid > 0);

    private static string? ReadStat(int pid)
    {
        try
        {
            return pid > 0 ? File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat")) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // ENOENT before the open, ESRCH during the read: the process is gone.
            return null;
        }
    }

    private static ulong ParseField(string stat, int field)
    {
        // Field 2 is the program's name in parentheses and may itself hold spaces and parentheses: count from the last one.
        string[] afterName = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return ulong.Parse(afterName[field - 3], CultureInfo.InvariantCulture);
    }

    private static string? ReadLink(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
