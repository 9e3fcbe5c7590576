using System.Security.Cryptography;
using System.Text;

namespace VmPool.Images;

/// <summary>Names things by a hash of everything that went into them.</summary>
internal static class InputsHash
{
    private const int Length = 32;

    /// <returns>32 lower-case hex digits.</returns>
    public static string Of(IEnumerable<string> lines)
    {
        // Each line is preceded by its length: no two lists of lines read the same.
        string text = string.Concat(lines.Select(line => $"{line.Length}:{line}\n"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..Length];
    }

    /// <summary>Whether the name is of that form.</summary>
    public static bool Is(string name) => name.Length == Length && name.All(char.IsAsciiHexDigitLower);
}
