using System.Text;
using LinuxHost;
using Microsoft.Win32.SafeHandles;

namespace VmmProcess;

/// <summary>One file that a machine writes its output to and that must neither fill the host's disk nor lead us astray.</summary>
/// <param name="Path">Absolute path on the host.</param>
/// <param name="IsAppended">
/// Whether its writer has it open for appending. One that has not goes on at its own position whatever we do to the length: then
/// the room in front is given back and the length stays.
/// </param>
public sealed record GuestLog(string Path, bool IsAppended = true)
{
    /// <summary>A file that holds more is cut.</summary>
    public const int MaximumBytes = 1024 * 1024;

    private const int KeptBytes = 256 * 1024;

    /// <summary>
    /// Keeps only the end of a file that has grown too long. What is written during the few microseconds of the cut is lost.
    /// </summary>
    /// <returns>Whether it was cut.</returns>
    public bool Trim()
    {
        using SafeFileHandle? file = NativeFile.OpenForAppend(Path);
        if (file is null || RandomAccess.GetLength(file) <= MaximumBytes)
        {
            return false;
        }
        return IsAppended ? CutToEnd(file) : SparseFile.DropFront(file, MaximumBytes, KeptBytes);
    }

    // The writer simply continues behind what was kept.
    private static bool CutToEnd(SafeFileHandle file)
    {
        byte[] kept = ReadEnd(file, KeptBytes);
        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, "[earlier output was dropped]\n"u8, 0);
        RandomAccess.Write(file, kept, RandomAccess.GetLength(file));
        return true;
    }

    /// <summary>The last lines as printable text, without escape sequences; empty when there is nothing readable.</summary>
    public string Tail(int lines)
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
