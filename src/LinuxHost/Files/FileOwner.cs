namespace LinuxHost;

/// <summary>Gives files to the unprivileged user a hypervisor runs as.</summary>
public static class FileOwner
{
    /// <summary>Sets owner, group and permissions of a file, directory or socket (not through symbolic links).</summary>
    /// <exception cref="HostResourceException">Names the path and the errno.</exception>
    public static void Set(string path, uint uid, uint gid, UnixFileMode mode)
    {
        if (new FileInfo(path).LinkTarget is not null)
        {
            throw new HostResourceException($"cannot change the owner of {path}: it is a symbolic link");
        }
        // First the owner: changing it clears set-id bits of the mode.
        if (Libc.ChangeOwner(path, uid, gid) < 0)
        {
            throw Errno.Failure($"cannot give {path} to uid {uid}, gid {gid}", Libc.LastErrno);
        }
        if (Libc.ChangeMode(path, (uint)mode) < 0)
        {
            throw Errno.Failure($"cannot change the mode of {path} to {Convert.ToString((int)mode, 8)}", Libc.LastErrno);
        }
    }

    /// <summary>The user something belongs to; of a symbolic link, the user of what it points to.</summary>
    /// <exception cref="HostResourceException">It cannot be looked at; names the path and the errno.</exception>
    public static uint Of(string path) => Libc.OwnerOf(path) ?? throw Errno.Failure($"cannot look at {path}", Libc.LastErrno);

    /// <summary>Gives what has the name, be it a symbolic link, to a user and its group, and leaves the permissions.</summary>
    /// <exception cref="HostResourceException">Names the path and the errno.</exception>
    public static void Give(string path, uint userId)
    {
        if (Libc.ChangeOwner(path, userId, userId) < 0)
        {
            throw Errno.Failure($"cannot give {path} to uid {userId}", Libc.LastErrno);
        }
    }
}
