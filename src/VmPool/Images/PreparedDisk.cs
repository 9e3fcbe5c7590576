using System.Globalization;
using LinuxHost;
using Microsoft.Win32.SafeHandles;
using VmPool.Storage;

namespace VmPool.Images;

/// <summary>
/// What an operator's disk file is, by its first bytes. A qcow2 file can name other files of the host, which the tools that
/// convert it would open and the guests then read: only one that stands alone is accepted.
/// </summary>
/// <param name="Format">raw or qcow2.</param>
/// <param name="VirtualSize">Bytes the guest sees.</param>
internal sealed record PreparedDisk(string Format, long VirtualSize)
{
    // docs/interop/qcow2 of QEMU, incompatible features.
    private const ulong Corrupt = 1 << 1;
    private const ulong ExternalData = 1 << 2;
    // Dirty reference counts, which reading does not need; and zstd and extended L2 entries, which qemu-img knows.
    private const ulong Readable = (1 << 0) | (1 << 3) | (1 << 4);

    private const string Flatten = "make one file of it: qemu-img convert -O qcow2 FILE NEWFILE";

    private static readonly (string Name, byte[] Start)[] s_strangers =
    [
        ("VMDK", "KDMV"u8.ToArray()), ("VHDX", "vhdxfile"u8.ToArray()), ("VHD", "conectix"u8.ToArray()), ("QED", "QED\0"u8.ToArray()),
        ("LUKS", [.. "LUKS"u8, 0xba, 0xbe]), ("gzip", [0x1f, 0x8b]), ("xz", [0xfd, .. "7zXZ"u8, 0]), ("zstd", [0x28, 0xb5, 0x2f, 0xfd]),
        ("bzip2", "BZh"u8.ToArray()),
    ];

    /// <param name="path">The operator's file, or our copy of it.</param>
    /// <param name="largestGb">vm_disk_size_gb.</param>
    /// <exception cref="HostResourceException">It cannot be read, or is not a disk that we take; says why and what to do.</exception>
    public static PreparedDisk Read(string path, int largestGb)
    {
        using SafeFileHandle file = RegularFile.Open(path);
        long length = RandomAccess.GetLength(file);
        byte[] start = new byte[Math.Min(length, QcowHeader.Window)];
        start = start[..ReadFully(file, path, start)];
        PreparedDisk disk = QcowHeader.IsQcow(start) ? OfQcow(path, start) : OfRaw(path, start, length);
        if (disk.VirtualSize > (long)largestGb << 30)
        {
            long needed = (disk.VirtualSize + (1L << 30) - 1) >> 30;
            throw new HostResourceException(string.Create(CultureInfo.InvariantCulture,
                $"the disk in {path} has {disk.VirtualSize} bytes, more than vm_disk_size_gb = {largestGb} allows; set vm_disk_size_gb = {needed} or shrink the disk"));
        }
        return disk;
    }

    private static PreparedDisk OfRaw(string path, ReadOnlySpan<byte> start, long length)
    {
        if (length == 0)
        {
            throw new HostResourceException($"{path} is empty");
        }
        foreach ((string name, byte[] magic) in s_strangers)
        {
            if (start.StartsWith(magic))
            {
                throw new HostResourceException($"{path} is a {name} file, expected a raw disk or qcow2; convert or unpack it first (qemu-img convert -O qcow2 FILE NEWFILE)");
            }
        }
        return new PreparedDisk("raw", length);
    }

    private static PreparedDisk OfQcow(string path, ReadOnlySpan<byte> start)
    {
        QcowHeader header = QcowHeader.Parse(start)
            ?? throw new HostResourceException($"{path} begins like a qcow2 file, but its header is damaged or not complete");
        string? fault =
            header.Version is not (2 or 3) ? string.Create(CultureInfo.InvariantCulture, $"is qcow2 of version {header.Version}, which is not known here; convert it with `qemu-img convert -O qcow2`")
            : header.BackingFile is not null ? $"builds on another file (a backing file), which an image must not; {Flatten}"
            : header.IsEncrypted ? $"is encrypted; {Flatten}"
            : (header.IncompatibleFeatures & ExternalData) != 0 ? $"keeps its data in another file (data_file), which an image must not; {Flatten}"
            : (header.IncompatibleFeatures & Corrupt) != 0 ? "is marked as damaged; look at it with `qemu-img check`"
            : (header.IncompatibleFeatures & ~(Readable | ExternalData | Corrupt)) != 0 ? $"needs qcow2 features that are not known here; {Flatten}"
            : header.VirtualSize <= 0 ? "has a size that cannot be"
            : null;
        return fault is null ? new PreparedDisk("qcow2", header.VirtualSize) : throw new HostResourceException($"{path} {fault}");
    }

    private static int ReadFully(SafeFileHandle file, string path, byte[] buffer)
    {
        try
        {
            int total = 0;
            while (total < buffer.Length && RandomAccess.Read(file, buffer.AsSpan(total), total) is var read and > 0)
            {
                total += read;
            }
            return total;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostResourceException($"cannot read {path}: {e.Message}", e);
        }
    }
}
