namespace LinuxHost;

/// <summary>A second name for a file: its content stays as long as one name is left.</summary>
public static class HardLink
{
    /// <summary>Gives the file the name <paramref name="target"/>, which must not exist and must lie on the same file system.</summary>
    /// <exception cref="HostResourceException">Names both paths and the errno.</exception>
    public static void Create(string source, string target)
    {
        if (Libc.Link(source, target) < 0)
        {
            throw Errno.Failure($"cannot link {source} to {target}", Libc.LastErrno);
        }
    }

    /// <summary>How many names the file has, 1 or more.</summary>
    /// <exception cref="HostResourceException">It does not exist or cannot be asked.</exception>
    public static int Count(string path)
        => (int)(Libc.LinksOf(path) ?? throw Errno.Failure($"cannot count the links of {path}", Libc.LastErrno));
}
