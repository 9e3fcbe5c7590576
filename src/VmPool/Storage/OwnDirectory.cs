using LinuxHost;

namespace VmPool.Storage;

/// <summary>
/// A directory that the operator named. Made by us it is closed to others; one that was there keeps its mode, because it may
/// be /srv or /dev/shm. What we put into it is closed in any case.
/// </summary>
public static class OwnDirectory
{
    /// <summary>Makes the directory, with its parents, unless it is there.</summary>
    /// <exception cref="HostResourceException">It cannot be made; names it and the reason.</exception>
    public static void Ensure(string path)
    {
        if (Directory.Exists(path))
        {
            PrivateDirectory.RequireWritable(path);
        }
        else
        {
            PrivateDirectory.Ensure(path);
        }
    }
}
