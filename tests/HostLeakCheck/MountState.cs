using LinuxHost;

namespace HostLeakCheck;

/// <summary>Mounts, cgroups and loop devices.</summary>
internal static class MountState
{
    internal static IEnumerable<string> Collect(SnapshotScope scope)
    {
        foreach (MountEntry mount in MountTable.Read())
        {
            // The first `ip netns add` after a boot makes this directory a mount of itself for good; that is iproute2's, not ours.
            bool belongsToIproute = mount.MountPoint == NetworkNamespace.Directory;
            bool foreign = mount.MountPoint.StartsWith(NetworkNamespace.Directory + "/", StringComparison.Ordinal)
                && scope.Ignores(Path.GetFileName(mount.MountPoint));
            if (!belongsToIproute && !foreign)
            {
                yield return $"mount {mount.MountPoint} ({mount.FileSystem} {mount.Source}{mount.Root}, {mount.Options})";
            }
            if (mount.FileSystem is "cgroup" or "cgroup2")
            {
                foreach (string directory in Cgroups(OwnCgroup(mount.MountPoint)))
                {
                    yield return $"cgroup {directory}";
                }
            }
        }
    }

    internal static async Task<IEnumerable<string>> CollectLoopDevicesAsync(CancellationToken cancellationToken)
    {
        HostCommandResult result = await HostCommand.RunAsync(
            "losetup", ["--list", "--noheadings", "--output", "NAME,BACK-FILE"], cancellationToken: cancellationToken);
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => $"loop device {line}");
    }

    /// <summary>
    /// The caller's own cgroup of a hierarchy. What we start is in it or below it, and only there could we make one; beside
    /// it, sessions and services of others come and go at any time.
    /// </summary>
    private static string OwnCgroup(string mountPoint) => File.ReadLines("/proc/self/cgroup")
        .Select(line => Path.Join(mountPoint, line.Split(':', 3)[2]).TrimEnd('/'))
        // Each line belongs to one hierarchy; in the others its path is missing, and "/" is in all.
        .Where(Directory.Exists)
        .Append(mountPoint)
        .MaxBy(path => path.Length)!;

    private static List<string> Cgroups(string root)
    {
        var found = new List<string>();
        var pending = new Stack<string>([root]);
        while (pending.TryPop(out string? directory))
        {
            try
            {
                foreach (string child in Directory.EnumerateDirectories(directory))
                {
                    found.Add(child);
                    pending.Push(child);
                }
            }
            catch (DirectoryNotFoundException)
            {
                // Removed between being listed and being read.
            }
        }
        return found;
    }
}
