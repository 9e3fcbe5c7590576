namespace HostLeakCheck;

/// <summary>Files below the given directories and the product's host-wide one, and unix sockets bound below them.</summary>
internal static class FileState
{
    private const string SocketTable = "/proc/self/net/unix";
    private const int PathColumn = 7;

    internal static IEnumerable<string> Collect(SnapshotScope scope)
    {
        string[] roots = [.. scope.Directories.Append(SnapshotScope.RegistryDirectory).Select(Path.GetFullPath).Distinct()];
        HashSet<string> excluded = [.. scope.ExcludedFiles.Select(Path.GetFullPath)];
        return roots.SelectMany(Files).Distinct().Where(entry => !excluded.Contains(entry.Path))
            .Select(entry => $"file {entry.Path}{(entry.IsDirectory ? "/" : "")}")
            .Concat(Sockets().Where(path => roots.Any(root => path.StartsWith(root + "/", StringComparison.Ordinal)))
                .Select(path => $"unix socket {path}"));
    }

    /// <summary>The roots themselves may come and go: an empty directory left behind holds nothing of a run.</summary>
    private static List<(string Path, bool IsDirectory)> Files(string root)
    {
        var found = new List<(string, bool)>();
        var pending = new Stack<string>([root]);
        while (pending.TryPop(out string? directory))
        {
            try
            {
                foreach (FileSystemInfo entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
                {
                    // A link is a file here: what it points to lies elsewhere.
                    bool isDirectory = entry is DirectoryInfo && entry.LinkTarget is null;
                    found.Add((entry.FullName, isDirectory));
                    if (isDirectory)
                    {
                        pending.Push(entry.FullName);
                    }
                }
            }
            catch (DirectoryNotFoundException)
            {
                // The root does not exist, or a directory went away while we read.
            }
        }
        return found;
    }

    private static IEnumerable<string> Sockets() =>
        File.ReadLines(SocketTable).Skip(1)
            .Select(line => line.Split(' ', PathColumn + 1, StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length > PathColumn && fields[PathColumn].StartsWith('/'))
            .Select(fields => fields[PathColumn]);
}
