namespace LinuxHost;

/// <summary>Tells whether a name still stands for the same file.</summary>
public static class FileIdentity
{
    /// <summary>Number of the file on its file system; another file of the same name has another one.</summary>
    /// <exception cref="HostResourceException">It cannot be looked at; names it.</exception>
    public static ulong InodeOf(string path) => Libc.NodeOf(path)?.Inode ?? throw Errno.Failure($"cannot look at {path}", Libc.LastErrno);
}
