using System.Globalization;

namespace LinuxHost;

/// <summary>A directory of the unified cgroup hierarchy that this process may divide.</summary>
public sealed class Cgroup2
{
    private const int Writable = 2;

    private Cgroup2(string path) => Path = path;

    /// <summary>Its directory.</summary>
    public string Path { get; }

    /// <summary>The pids in it.</summary>
    public IReadOnlyList<int> Pids =>
        [.. File.ReadAllLines(Member("cgroup.procs")).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];

    /// <summary>This process's own cgroup, if v2 is mounted and the cgroup is ours to divide; else null, which is no error.</summary>
    public static Cgroup2? FindDelegated()
    {
        string? mountPoint = MountTable.Read().FirstOrDefault(mount => mount.FileSystem == "cgroup2")?.MountPoint;
        string? own = File.ReadAllLines("/proc/self/cgroup").FirstOrDefault(line => line.StartsWith("0::", StringComparison.Ordinal))?[3..];
        if (mountPoint is null || own is null)
        {
            return null;
        }
        string path = System.IO.Path.Join(mountPoint, own).TrimEnd('/');
        return Libc.Access(path, Writable) == 0 && Libc.Access(System.IO.Path.Join(path, "cgroup.procs"), Writable) == 0
            ? new Cgroup2(path)
            : null;
    }

    /// <summary>Creates a child, or takes the existing one of this name.</summary>
    /// <exception cref="HostResourceException">The kernel refused; names the directory.</exception>
    public Cgroup2 CreateChild(string name)
    {
        string path = Member(name);
        try
        {
            Directory.CreateDirectory(path);
            return new Cgroup2(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostResourceException($"cannot create cgroup {path}: {e.Message}", e);
        }
    }

    /// <summary>Moves a process with all its threads here.</summary>
    /// <exception cref="HostResourceException">No such process, or the kernel refused; names both.</exception>
    public void MoveIn(int pid)
    {
        try
        {
            File.WriteAllText(Member("cgroup.procs"), pid.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostResourceException($"cannot move pid {pid} into cgroup {Path}: {e.Message}", e);
        }
    }

    /// <summary>Removes it; nothing happens when it is gone.</summary>
    /// <exception cref="HostResourceException">Processes or children are still in it.</exception>
    public void Remove()
    {
        try
        {
            Directory.Delete(Path);
        }
        catch (DirectoryNotFoundException)
        {
            // Removed already.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostResourceException($"cannot remove cgroup {Path}: {e.Message}", e);
        }
    }

    private string Member(string name) => System.IO.Path.Join(Path, name);
}
