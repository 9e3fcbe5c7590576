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
}
