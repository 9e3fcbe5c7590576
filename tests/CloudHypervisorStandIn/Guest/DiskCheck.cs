using System.Buffers.Binary;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace CloudHypervisorStandIn;

/// <summary>What the real one finds out about a disk's image before it uses it.</summary>
internal static class DiskCheck
{
    private const uint QcowMagic = 0x514649fb;
    private const int BackingFileOffset = 8;

    /// <summary>The image and what it builds on, nearest first: names in the files are relative to the files.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="config">Whose Landlock rules must permit what the image builds on.</param>
    /// <exception cref="VmException">The image cannot be used as it is configured.</exception>
    internal static IReadOnlyList<DiskLayer> FindLayers(DiskConfig disk, VmConfig config)
    {
        IReadOnlyList<DiskLayer> layers = Read(disk, FindFormat(disk)).Layers;
        foreach (DiskLayer layer in layers.Skip(1))
        {
            string reason = LandlockPaths.Permit(config, layer.Path, 'r') ? FindFault(layer.Path) : VmException.AccessDenied;
            if (reason.Length > 0)
            {
                throw VmException.Device("Cannot open disk path", $"I/O error (path={disk.Path} op=open)", $"Backing file I/O error: {layer.Path}", reason);
            }
        }
        return layers;
    }

    /// <summary>Bytes that the guest sees.</summary>
    /// <exception cref="VmException">The image is broken.</exception>
    internal static long FindSize(DiskConfig disk) => Read(disk, FindFormat(disk)).VirtualSize;

    private static DiskChain Read(DiskConfig disk, string format)
    {
        try
        {
            return DiskChain.Read(new VmDisk(disk.Path!, format, disk.ReadOnly));
        }
        catch (HypervisorException e)
        {
            throw VmException.Device("Cannot open disk path", $"I/O error (path={disk.Path} op=open)", e.Message);
        }
    }

    private static string FindFault(string path)
    {
        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite).Dispose();
            return "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return VmException.Describe(e);
        }
    }

    // raw or qcow2.
    private static string FindFormat(DiskConfig disk)
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
