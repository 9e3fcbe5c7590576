using System.Buffers.Binary;
using System.Text;
using VmPool;

namespace VmmProcess;

/// <summary>
/// The few fields of a qcow2 file that decide how it is opened (docs/interop/qcow2 of QEMU: big-endian; magic and version
/// at 0, backing file name at the offset stored at 8 with the length stored at 16, virtual size at 24, extensions after
/// the header).
/// </summary>
/// <param name="VirtualSize">Bytes the guest sees.</param>
/// <param name="BackingFile">Name as stored, absent without one.</param>
/// <param name="BackingFormat">Format of the backing file as stored, absent when not stored.</param>
internal sealed record QcowHeader(long VirtualSize, string? BackingFile, string? BackingFormat)
{
    private const uint Magic = 0x514649fb;
    private const uint BackingFormatExtension = 0xe2792aca;
    private const int Version2Length = 72;
    // Header and extensions end before the first cluster does; the smallest cluster has 512 bytes, the usual one 64 KiB.
    private const int Window = 64 * 1024;

    /// <exception cref="HypervisorException">Not a qcow2 file; names it.</exception>
    internal static QcowHeader Read(string path)
    {
        byte[] start = new byte[Window];
        int length;
        try
        {
            using FileStream file = File.OpenRead(path);
            length = file.ReadAtLeast(start, Window, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException($"cannot read the disk {path}: {e.Message}", e);
        }
        return Parse(start.AsSpan(0, length)) ?? throw new HypervisorException($"the disk {path} is not a qcow2 file (or a damaged one)");
    }

    /// <summary>Null when the bytes are not a complete qcow2 header.</summary>
    internal static QcowHeader? Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Version2Length || BinaryPrimitives.ReadUInt32BigEndian(bytes) != Magic)
        {
            return null;
        }
        uint version = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        ulong nameOffset = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        uint nameLength = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);
        long size = BinaryPrimitives.ReadInt64BigEndian(bytes[24..]);
        if (nameOffset == 0)
        {
            return new QcowHeader(size, null, null);
        }
        if (nameOffset + nameLength > (ulong)bytes.Length)
        {
            return null;
        }
        string name = Encoding.UTF8.GetString(bytes.Slice((int)nameOffset, (int)nameLength));
        uint headerLength = version >= 3 && bytes.Length >= 104 ? BinaryPrimitives.ReadUInt32BigEndian(bytes[100..]) : Version2Length;
        return new QcowHeader(size, name, FindBackingFormat(bytes, headerLength));
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
