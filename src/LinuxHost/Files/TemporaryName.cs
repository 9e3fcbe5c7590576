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
}
