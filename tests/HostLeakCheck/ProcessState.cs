using System.Globalization;
using LinuxHost;

namespace HostLeakCheck;

/// <summary>
/// Processes that count: all in network namespaces other than the host's (pid 1's), and in the host's those that carry a marker.
/// So compilers and editors of a busy machine do not count, and nothing of ours can hide in a namespace.
/// The caller and its ancestors never count.
/// </summary>
internal static class ProcessState
{
    internal static IEnumerable<string> Collect(SnapshotScope scope)
    {
        ulong? host = ProcessTable.NetworkNamespaceOf(1) ?? NetworkNamespace.OwnInode;
        Dictionary<ulong, string> names = Names();
        HashSet<int> ourselves = Ancestors();
        foreach (int pid in ProcessTable.Pids().Where(pid => !ourselves.Contains(pid)))
        {
            if (ProcessTable.Identify(pid) is not { } identity || ProcessTable.NetworkNamespaceOf(pid) is not { } inode)
            {
                // It ended meanwhile, or is a zombie: the business of its parent, which is a process that counts or not.
                continue;
            }
            string? name = names.GetValueOrDefault(inode);
            string[] evidence = [CommandLine(pid), Link(pid, "cwd"), Link(pid, "exe")];
            bool marked = scope.Markers.Any(marker => evidence.Any(text => text.Contains(marker, StringComparison.Ordinal)));
            if (marked || (inode != host && !(name is not null && scope.Ignores(name))))
            {
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"process {pid} started at tick {identity.StartTicks} in {(inode == host ? "the host's namespace" : $"namespace {name ?? "without a name"} ({inode})")}: {evidence[0]}");
            }
        }
    }

    private static Dictionary<ulong, string> Names()
    {
        var names = new Dictionary<ulong, string>();
        foreach (string name in NetworkNamespace.List())
        {
            if (NetworkNamespace.InodeOf(name) is { } inode)
            {
                names[inode] = name;
            }
        }
        return names;
    }

    private static HashSet<int> Ancestors()
    {
        var pids = new HashSet<int>();
        for (int pid = Environment.ProcessId; pid > 0 && pids.Add(pid);)
        {
            pid = ParentOf(pid);
        }
        return pids;
    }

    private static int ParentOf(int pid)
    {
        string? line = Read(pid, "status")?.Split('\n').FirstOrDefault(line => line.StartsWith("PPid:", StringComparison.Ordinal));
        return line is null ? 0 : int.Parse(line[5..], CultureInfo.InvariantCulture);
    }

    private static string CommandLine(int pid)
    {
        string arguments = (Read(pid, "cmdline") ?? "").TrimEnd('\0').Replace('\0', ' ').ReplaceLineEndings("\\n");
        return arguments.Length > 0 ? arguments : $"[{Read(pid, "comm")?.Trim()}]";
    }

    private static string? Read(int pid, string file)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{file}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process ended between two reads.
            return null;
        }
    }

    private static string Link(int pid, string file)
    {
        try
        {
            return new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{file}")).LinkTarget ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process ended between two reads, or is a kernel thread.
            return "";
        }
    }
}
