namespace LinuxHost;

/// <summary>The one path of a file under which the kernel speaks of it.</summary>
public static class RealPath
{
    /// <summary>The absolute path without symbolic links.</summary>
    /// <exception cref="HostResourceException">Nothing is there, or it cannot be looked at; names the path and the errno.</exception>
    public static string Of(string path) => Libc.RealPathOf(path) ?? throw Errno.Failure($"cannot look at {path}", Libc.LastErrno);
}
