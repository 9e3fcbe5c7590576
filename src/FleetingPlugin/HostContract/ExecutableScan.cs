using System.Buffers;
using Google.Protobuf.Reflection;
using Microsoft.Win32.SafeHandles;

namespace FleetingPlugin.HostContract;

/// <summary>
/// Searches a file for descriptors in windows read with pread. It is not mapped: a mapped file that somebody shortens would
/// kill the process.
/// </summary>
internal static class ExecutableScan
{
    private const int WindowBytes = 4 << 20;

    private delegate void Search(byte[] window, int filled, int from, int to);

    /// <summary>Descriptors in the file, searched only as far as it takes to have a complete contract.</summary>
    /// <param name="file">The file.</param>
    /// <param name="image">The order of its parts.</param>
    /// <param name="isEnough">Whether what was found so far is a complete contract.</param>
    /// <param name="cancellationToken">Ends the search between two windows.</param>
    public static IReadOnlyList<FileDescriptorProto> Run(
        SafeFileHandle file, ElfImage image, Func<IReadOnlyList<FileDescriptorProto>, bool> isEnough, CancellationToken cancellationToken)
    {
        var scanner = new DescriptorScanner();
        // All ranges for raw descriptors, then all again for compressed ones, which only old generators wrote.
        Search[] passes = [(window, filled, from, to) => scanner.ScanRaw(window.AsSpan(0, filled), from, to), scanner.ScanGzip];
        byte[] window = ArrayPool<byte>.Shared.Rent(WindowBytes + DescriptorExtent.MaxBytes);
        try
        {
            foreach (Search pass in passes)
            {
                foreach (FileRange range in image.Ranges)
                {
                    int before = scanner.Files.Count;
                    SearchRange(file, range, window, pass, cancellationToken);
                    if (scanner.Files.Count > before && isEnough(scanner.Files))
                    {
                        return scanner.Files;
                    }
                }
            }
            return scanner.Files;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(window);
        }
    }

    private static void SearchRange(SafeFileHandle file, FileRange range, byte[] window, Search search, CancellationToken cancellationToken)
    {
        long read = 0;
        int filled = 0, from = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int wanted = (int)Math.Min(window.Length - filled, range.Length - read);
            int got = wanted == 0 ? 0 : RandomAccess.Read(file, window.AsSpan(filled, wanted), range.Offset + read);
            read += got;
            filled += got;
            bool last = got == 0 || read == range.Length;
            if (!last && filled < window.Length)
            {
                continue;
            }
            // A descriptor that starts near the end is judged when all of it is here.
            int to = last ? filled : filled - DescriptorExtent.MaxBytes;
            search(window, filled, from, to);
            if (last)
            {
                return;
            }
            int keep = to - DescriptorScanner.LookBehind;
            window.AsSpan(keep, filled - keep).CopyTo(window);
            filled -= keep;
            from = DescriptorScanner.LookBehind;
        }
    }
}
