using VmPool;
using VmPool.Ports;
using VmPool.Storage;

namespace VmmProcess;

/// <summary>One file of a disk and the files it builds on, nearest first.</summary>
/// <param name="Path">Absolute path on the host.</param>
/// <param name="Format">raw or qcow2.</param>
public sealed record DiskLayer(string Path, string Format);

/// <summary>
/// Finds the whole backing chain of a disk. Every file of it must be named to the hypervisor or shown to it, because the names stored in
/// the files are host paths, which do not exist for the unprivileged process.
/// </summary>
/// <param name="Layers">The disk itself, then its backing files.</param>
/// <param name="VirtualSize">Bytes the guest sees.</param>
public sealed record DiskChain(IReadOnlyList<DiskLayer> Layers, long VirtualSize)
{
    private const int MaximumDepth = 8;

    /// <exception cref="HypervisorException">A file of the chain is missing or not what it is said to be; names it.</exception>
    public static DiskChain Read(VmDisk disk)
    {
        var layers = new List<DiskLayer>();
        long? size = null;
        string path = disk.Path;
        string format = disk.Format;
        while (true)
        {
            if (layers.Count == MaximumDepth)
            {
                throw new HypervisorException($"the disk {disk.Path} builds on more than {MaximumDepth - 1} other files, or on itself");
            }
            layers.Add(new DiskLayer(path, format));
            if (format != "qcow2")
            {
                return new DiskChain(layers, size ?? Length(path));
            }
            QcowHeader header = ReadHeader(path);
            size ??= header.VirtualSize;
            if (header.BackingFile is null)
            {
                return new DiskChain(layers, size.Value);
            }
            // Without the stored format it would be guessed from the content, which a guest can forge.
            format = header.BackingFormat
                ?? throw new HypervisorException($"the disk {path} does not say which format its backing file {header.BackingFile} has; create it with `qemu-img create -F`");
            path = Path.Combine(Path.GetDirectoryName(path)!, header.BackingFile);
        }
    }

    private static QcowHeader ReadHeader(string path)
    {
        byte[] start = new byte[QcowHeader.Window];
        int length;
        try
        {
            using FileStream file = File.OpenRead(path);
            length = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException($"cannot read the disk {path}: {e.Message}", e);
        }
        return QcowHeader.Parse(start.AsSpan(0, length)) ?? throw new HypervisorException($"the disk {path} is not a qcow2 file (or a damaged one)");
    }

    private static long Length(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? file.Length : throw new HypervisorException($"the disk {path} does not exist");
    }
}
