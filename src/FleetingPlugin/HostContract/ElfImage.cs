using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace FleetingPlugin.HostContract;

/// <summary>A range of a file.</summary>
internal readonly record struct FileRange(long Offset, long Length);

/// <summary>What is needed of an ELF executable: in which order to search its parts, and which build it is. Little-endian, 64 bit.</summary>
/// <param name="Ranges">Data first, code second, the rest of the file last.</param>
/// <param name="BuildId">The linker's or Go's build id in hex; null if there is none.</param>
internal sealed record ElfImage(IReadOnlyList<FileRange> Ranges, string? BuildId)
{
    private const int HeaderBytes = 64, ProgramHeaderBytes = 56, MaxProgramHeaders = 256, MaxNoteBytes = 64 << 10;
    private const uint Load = 1, Note = 4, Executable = 1;

    /// <summary>Reads the headers. A file that is no such ELF is one range without a build id.</summary>
    public static ElfImage Read(SafeFileHandle file)
    {
        long length = RandomAccess.GetLength(file);
        var whole = new ElfImage([new FileRange(0, length)], null);
        byte[] header = ReadAt(file, 0, HeaderBytes);
        if (header.Length < HeaderBytes || !header.AsSpan().StartsWith("\u007fELF\u0002\u0001"u8))
        {
            return whole;
        }
        long table = BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(32));
        int size = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(54));
        int count = Math.Min((int)BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(56)), MaxProgramHeaders);
        if (size != ProgramHeaderBytes || table < 0 || table > length)
        {
            return whole;
        }

        byte[] entries = ReadAt(file, table, size * count);
        var data = new List<FileRange>();
        var code = new List<FileRange>();
        string? buildId = null;
        for (var at = 0; at + size <= entries.Length; at += size)
        {
            ReadOnlySpan<byte> entry = entries.AsSpan(at, size);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            long offset = BinaryPrimitives.ReadInt64LittleEndian(entry[8..]);
            long bytes = BinaryPrimitives.ReadInt64LittleEndian(entry[32..]);
            if (offset < 0 || bytes <= 0 || offset >= length)
            {
                continue;
            }
            var range = new FileRange(offset, Math.Min(bytes, length - offset));
            if (type == Load)
            {
                bool isCode = (BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) & Executable) != 0;
                (isCode ? code : data).Add(range);
            }
            else if (type == Note)
            {
                buildId ??= BuildIdIn(ReadAt(file, offset, (int)Math.Min(range.Length, MaxNoteBytes)));
            }
        }
        return new ElfImage([.. data, .. code, .. Gaps([.. data, .. code], length)], buildId);
    }

    private static IEnumerable<FileRange> Gaps(IEnumerable<FileRange> loaded, long length)
    {
        long at = 0;
        foreach (FileRange range in loaded.OrderBy(range => range.Offset))
        {
            if (range.Offset > at)
            {
                yield return new FileRange(at, range.Offset - at);
            }
            at = Math.Max(at, range.Offset + range.Length);
        }
        if (at < length)
        {
            yield return new FileRange(at, length - at);
        }
    }

    // A note: sizes of owner and content, a type; owner and content each padded to four bytes.
    private static string? BuildIdIn(ReadOnlySpan<byte> notes)
    {
        while (notes.Length >= 12)
        {
            uint owner = BinaryPrimitives.ReadUInt32LittleEndian(notes);
            uint content = BinaryPrimitives.ReadUInt32LittleEndian(notes[4..]);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]);
            long contentAt = 12 + ((owner + 3L) & ~3L);
            long next = contentAt + ((content + 3L) & ~3L);
            if (next > notes.Length)
            {
                return null;
            }
            ReadOnlySpan<byte> name = notes.Slice(12, (int)owner);
            if ((type == 3 && name.SequenceEqual("GNU\0"u8)) || (type == 4 && name.SequenceEqual("Go\0\0"u8)))
            {
                return Convert.ToHexStringLower(notes.Slice((int)contentAt, (int)content));
            }
            notes = notes[(int)next..];
        }
        return null;
    }

    private static byte[] ReadAt(SafeFileHandle file, long offset, int count)
    {
        var bytes = new byte[count];
        var filled = 0;
        for (int read; filled < count && (read = RandomAccess.Read(file, bytes.AsSpan(filled), offset + filled)) > 0;)
        {
            filled += read;
        }
        return bytes[..filled];
    }
}
