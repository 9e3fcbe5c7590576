namespace LinuxHost;

/// <summary>
/// A view of the file system for one process alone. Everything here changes the mounts of the calling thread, so the thread
/// must be one that ends afterwards, as that of <see cref="NetworkNamespace.RunInsideAsync"/> does; a process that is
/// started from it inherits the view, and the view ends with the process.
/// </summary>
public static class OwnMounts
{
    /// <summary>
    /// Gives the calling thread a copy of all mounts. What it mounts is seen by nobody else; what the host unmounts vanishes
    /// here too, so that no file system of the host is kept busy.
    /// </summary>
    /// <exception cref="HostResourceException">The kernel refused.</exception>
    public static void Begin()
    {
        if (Libc.Unshare(Libc.CloneNewMounts) < 0)
        {
            throw Errno.Failure("cannot create a mount namespace", Libc.LastErrno);
        }
        Mount(null, "/", null, Libc.MountSlave | Libc.MountRecursive, null);
        // Its names of network namespaces would keep them alive for as long as this view lives.
        if (Libc.Detach(NetworkNamespace.Directory) < 0 && Libc.LastErrno is not (Errno.Invalid or Errno.NoEntry))
        {
            throw Errno.Failure($"cannot detach {NetworkNamespace.Directory}", Libc.LastErrno);
        }
    }

    /// <summary>An empty file system in memory, for device nodes too, but not for programs.</summary>
    /// <exception cref="HostResourceException">Names the directory and the errno.</exception>
    public static void MountMemory(string directory, string options) =>
        Mount("none", directory, "tmpfs", Libc.MountNoSetId | Libc.MountNoExecute, options);

    /// <summary>/sys as the calling thread's network namespace shows it: without the host's network devices.</summary>
    /// <exception cref="HostResourceException">Names the directory and the errno.</exception>
    public static void MountSystemDevices()
    {
        const string Directory = "/sys";
        if (Libc.Detach(Directory) < 0 && Libc.LastErrno is not (Errno.Invalid or Errno.NoEntry))
        {
            throw Errno.Failure($"cannot detach {Directory}", Libc.LastErrno);
        }
        Mount("none", Directory, "sysfs", Libc.MountReadOnly | Libc.MountNoSetId | Libc.MountNoExecute, null);
    }

    /// <summary>Shows a file or directory at a second place, where a file or directory already is.</summary>
    /// <exception cref="HostResourceException">Names both and the errno.</exception>
    public static void Bind(string source, string target) => Mount(source, target, null, Libc.MountBind, null);

    /// <summary>Makes a character device's node, for its owner alone.</summary>
    /// <exception cref="HostResourceException">Names the node and the errno.</exception>
    public static void MakeDevice(string path, uint major, uint minor, uint userId)
    {
        const uint OwnerReadWrite = 0x180; // 0600
        // makedev(3) for numbers below 256.
        if (Libc.MakeNode(path, Libc.CharacterDevice | OwnerReadWrite, (major << 8) | minor) < 0)
        {
            throw Errno.Failure($"cannot make the device node {path}", Libc.LastErrno);
        }
        FileOwner.Give(path, userId);
    }

    private static void Mount(string? source, string target, string? fileSystem, nuint flags, string? options)
    {
        if (Libc.Mount(source, target, fileSystem, flags, options) < 0)
        {
            string what = fileSystem ?? source ?? "";
            throw Errno.Failure(what.Length == 0 ? $"cannot make {target} a slave mount" : $"cannot mount {what} on {target}", Libc.LastErrno);
        }
    }
}
