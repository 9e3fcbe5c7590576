namespace LinuxHost;

/// <summary>Room on the file system of a path.</summary>
public static class DiskSpace
{
    /// <summary>Bytes that an unprivileged user may still write.</summary>
    /// <param name="path">Any existing path on the file system.</param>
    /// <exception cref="HostResourceException">The path does not exist or cannot be asked.</exception>
    public static long FreeBytes(string path)
    {
        try
        {
            return new DriveInfo(path).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostResourceException($"cannot read the free space of {path}: {e.Message}", e);
        }
    }
}
