using System.Globalization;
using System.Security.Cryptography;

namespace LinuxHost;

/// <summary>
/// Names of files that are not finished yet: hidden, beside their target, recognisable when a kill -9 leaves one behind.
/// </summary>
public static class TemporaryName
{
    private const string Suffix = ".unfinished";

    /// <summary>A fresh name in the target's directory.</summary>
    public static string For(string path)
    {
        string full = Path.GetFullPath(path);
        string unique = RandomNumberGenerator.GetHexString(8, lowercase: true);
        return Path.Join(Path.GetDirectoryName(full), string.Create(CultureInfo.InvariantCulture, $".{Path.GetFileName(full)}.{unique}{Suffix}"));
    }

    /// <summary>Whether a file of this name is the rest of an interrupted write.</summary>
    public static bool IsLeftover(string path)
    {
        string name = Path.GetFileName(path);
        return name.StartsWith('.') && name.EndsWith(Suffix, StringComparison.Ordinal);
    }

    /// <summary>
    /// Removes the leftovers in one directory, which need not exist. The caller holds the lock that every writer there holds;
    /// where there is none, a minimum age tells an interrupted write from one that is going on.
    /// </summary>
    /// <param name="directory">Subdirectories are not looked at.</param>
    /// <param name="minimumAge">Younger files stay; absent means that all go.</param>
    /// <exception cref="HostResourceException">A leftover cannot be removed; names the directory and the reason.</exception>
    public static void RemoveLeftovers(string directory, TimeSpan minimumAge = default)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }
        try
        {
            foreach (string path in Directory.EnumerateFiles(directory).Where(IsLeftover).ToList())
            {
                if (minimumAge == default || DateTime.UtcNow - File.GetLastWriteTimeUtc(path) >= minimumAge)
                {
                    File.Delete(path);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostResourceException($"cannot remove the rest of an interrupted write from {directory}: {e.Message}", e);
        }
    }
}
