using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Qemu;

/// <summary>One file that a machine appends to and that must neither fill the host's disk nor lead us astray.</summary>
/// <param name="Path">Absolute path on the host.</param>
internal sealed record GuestLog(string Path)
{
    /// <summary>A longer file is cut. The writer appends, so it simply continues behind what was kept.</summary>
    internal const int MaximumBytes = 1024 * 1024;

    private const int KeptBytes = 256 * 1024;

    /// <summary>
    /// Keeps only the end of a file that has grown too long. What is written during the few microseconds of the cut is lost.
    /// </summary>
    /// <returns>Whether it was cut.</returns>
    internal bool Trim()
    {
        using SafeFileHandle? file = NativeFile.OpenForAppend(Path);
        if (file is null || RandomAccess.GetLength(file) <= MaximumBytes)
        {
            return false;
        }
        byte[] kept = ReadEnd(file, KeptBytes);
        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, "[earlier output was dropped]\n"u8, 0);
        RandomAccess.Write(file, kept, RandomAccess.GetLength(file));
        return true;
    }

    /// <summary>The last lines as printable text, without escape sequences; empty when there is nothing readable.</summary>
    internal string Tail(int lines)
    {
        const int BytesPerLine = 240;
        try
        {
            using SafeFileHandle? file = NativeFile.OpenForAppend(Path);
            string text = file is null ? "" : Encoding.UTF8.GetString(ReadEnd(file, lines * BytesPerLine));
            return string.Join('\n', PrintableText.Clean(text)
                .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(lines));
        }
        catch (IOException e)
        {
            // The tail explains another error; its own trouble must not replace that one.
            return $"({e.Message})";
        }
    }

    private static byte[] ReadEnd(SafeFileHandle file, int count)
    {
        long length = RandomAccess.GetLength(file);
        byte[] buffer = new byte[Math.Min(length, count)];
        int read = RandomAccess.Read(file, buffer, length - buffer.Length);
        return read == buffer.Length ? buffer : buffer[..read];
    }
}
