using System.Buffers.Binary;
using System.Text;

namespace VmPool.Storage;

/// <summary>
/// The few fields of a qcow2 file that decide how it is opened (docs/interop/qcow2 of QEMU: big-endian; magic and version
/// at 0, backing file name at the offset stored at 8 with the length stored at 16, virtual size at 24, encryption at 32,
/// from version 3 on the features that a reader must know at 72; extensions after the header).
/// </summary>
public sealed record QcowHeader
{
    /// <summary>Header and extensions end before the first cluster does; the smallest cluster has 512 bytes, the usual one 64 KiB.</summary>
    public const int Window = 64 * 1024;

    private const uint Magic = 0x514649fb;
    private const uint BackingFormatExtension = 0xe2792aca;
    private const int Version2Length = 72;
    private const int Version3Length = 104;

    private QcowHeader()
    {
    }

    /// <summary>2 or 3; others are not known to us.</summary>
    public required uint Version { get; init; }

    /// <summary>Bytes the guest sees.</summary>
    public required long VirtualSize { get; init; }

    /// <summary>Name of the file it builds on, as stored; absent without one.</summary>
    public string? BackingFile { get; private init; }

    /// <summary>Format of the backing file as stored, absent when not stored.</summary>
    public string? BackingFormat { get; private init; }

    /// <summary>Whether its data is encrypted.</summary>
    public required bool IsEncrypted { get; init; }

    /// <summary>Features without which it must not be read, one bit each.</summary>
    public required ulong IncompatibleFeatures { get; init; }

    /// <summary>Whether a file that begins so means to be qcow2.</summary>
    public static bool IsQcow(ReadOnlySpan<byte> bytes) => bytes.Length >= 4 && BinaryPrimitives.ReadUInt32BigEndian(bytes) == Magic;

    /// <summary>Reads it from the first bytes of a file, <see cref="Window"/> of them if it is so long. Null when they are not a complete qcow2 header.</summary>
    public static QcowHeader? Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Version2Length || !IsQcow(bytes))
        {
            return null;
        }
        uint version = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        if (version >= 3 && bytes.Length < Version3Length)
        {
            return null;
        }
        ulong nameOffset = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        uint nameLength = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);
        var header = new QcowHeader
        {
            Version = version,
            VirtualSize = BinaryPrimitives.ReadInt64BigEndian(bytes[24..]),
            IsEncrypted = BinaryPrimitives.ReadUInt32BigEndian(bytes[32..]) != 0,
            IncompatibleFeatures = version >= 3 ? BinaryPrimitives.ReadUInt64BigEndian(bytes[72..]) : 0,
        };
        if (nameOffset == 0)
        {
            return header;
        }
        if (nameOffset > (ulong)bytes.Length || nameLength > (ulong)bytes.Length - nameOffset)
        {
            return null;
        }
        uint headerLength = version >= 3 ? BinaryPrimitives.ReadUInt32BigEndian(bytes[100..]) : Version2Length;
        return header with
        {
            BackingFile = Encoding.UTF8.GetString(bytes.Slice((int)nameOffset, (int)nameLength)),
            BackingFormat = FindBackingFormat(bytes, headerLength),
        };
    }

    private static string? FindBackingFormat(ReadOnlySpan<byte> bytes, long offset)
    {
        while (offset + 8 <= bytes.Length)
        {
            uint type = BinaryPrimitives.ReadUInt32BigEndian(bytes[(int)offset..]);
            uint length = BinaryPrimitives.ReadUInt32BigEndian(bytes[(int)(offset + 4)..]);
            offset += 8;
            if (type == 0 || offset + length > bytes.Length)
            {
                return null;
            }
            if (type == BackingFormatExtension)
            {
                return Encoding.ASCII.GetString(bytes.Slice((int)offset, (int)length));
            }
            // Extensions are padded to a multiple of eight.
            offset += (length + 7) / 8 * 8;
        }
        return null;
    }
}
