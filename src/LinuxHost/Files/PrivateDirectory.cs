namespace LinuxHost;

/// <summary>Directories that hold secrets and state.</summary>
public static class PrivateDirectory
{
    /// <summary>Owner only.</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const int WriteAndEnter = 2 | 1;

    /// <summary>Creates the directory (and missing parents) and gives it exactly this mode.</summary>
    /// <exception cref="HostResourceException">It cannot be created, is no directory, or cannot be written; names it and the reason.</exception>
    public static void Ensure(string path, UnixFileMode mode = OwnerOnly)
    {
        for (string? at = path; at is not null; at = Path.GetDirectoryName(at))
        {
            if (File.Exists(at))
            {
                throw new HostResourceException($"cannot use {path}: {(at == path ? "it" : at)} is a file, not a directory");
            }
        }
        try
        {
            Directory.CreateDirectory(path, mode);
            if (File.GetUnixFileMode(path) != mode)
            {
                File.SetUnixFileMode(path, mode);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostResourceException($"cannot create or use directory {path}: {e.Message.TrimEnd('.')}", e);
        }
        RequireWritable(path);
    }

    /// <summary>Checks that new files can be made in a directory that exists.</summary>
    /// <exception cref="HostResourceException">They cannot; names the directory and the reason.</exception>
    public static void RequireWritable(string path)
    {
        // Root passes every permission check, but not a read-only file system.
        if (Libc.Access(path, WriteAndEnter) < 0)
        {
            throw Errno.Failure($"cannot write in directory {path}", Libc.LastErrno);
        }
    }
}
