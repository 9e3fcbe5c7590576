using System.Buffers.Binary;

namespace CloudHypervisorStandIn;

/// <summary>What the real one finds out about a disk's image before it uses it.</summary>
internal static class DiskCheck
{
    private const uint QcowMagic = 0x514649fb;
    private const int BackingFileOffset = 8;

    /// <returns>raw or qcow2.</returns>
    /// <exception cref="VmException">The image cannot be used as it is configured.</exception>
    internal static string FindFormat(DiskConfig disk)
    {
        string path = disk.Path ?? throw VmException.Device("Cannot open disk path", "No disk path specified");
        byte[] header = new byte[BackingFileOffset + sizeof(ulong)];
        try
        {
            using FileStream file = new(path, FileMode.Open, disk.ReadOnly ? FileAccess.Read : FileAccess.ReadWrite, FileShare.ReadWrite);
            _ = file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw VmException.Device("Cannot open disk path", $"I/O error (path={path} op=open)", VmException.Describe(e));
        }
        string found = BinaryPrimitives.ReadUInt32BigEndian(header) == QcowMagic ? "qcow2" : "raw";
        string? wanted = disk.ImageType switch
        {
            "Raw" => "raw",
            "Qcow2" => "qcow2",
            "Unknown" => null,
            _ => throw VmException.NotOffered($"disk images of the type {disk.ImageType}"),
        };
        if (wanted is not null && wanted != found)
        {
            throw VmException.Device($"Disk image type does not match expected type: specified = {wanted}, detected = {found}");
        }
        bool hasBacking = BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(BackingFileOffset)) != 0;
        if (found == "qcow2" && hasBacking && !disk.BackingFiles)
        {
            throw VmException.Device("Cannot open disk path", $"Unsupported feature (path={path} op=open)", "Maximum disk nesting depth exceeded");
        }
        return found;
    }
}
