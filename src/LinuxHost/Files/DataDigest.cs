using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>
/// Checksum of what a sparse file holds: SHA-256 over its blocks that are not all zeros, each with its place. Holes are
/// skipped unread, and a hole and a block of zeros count the same, so a copy has the checksum of its original.
/// </summary>
public static class DataDigest
{
    private const int BlockBytes = 64 << 10;
    private const int BlocksPerRead = 16;

    /// <summary>Reads the file's data, at the speed of the disk or of SHA-256.</summary>
    /// <returns>64 lower-case hex digits.</returns>
    /// <exception cref="HostResourceException">The file cannot be opened; names it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string Of(string path, CancellationToken cancellationToken = default)
    {
        int descriptor = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            throw Errno.Failure($"cannot open {path}", Libc.LastErrno);
        }
        using var file = new SafeFileHandle(descriptor, ownsHandle: true);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long length = RandomAccess.GetLength(file);
        Append(digest, length);
        byte[] buffer = new byte[BlockBytes * BlocksPerRead];
        for (long at = NextData(descriptor, 0, length); at < length; at = NextData(descriptor, at, length))
        {
            cancellationToken.ThrowIfCancellationRequested();
            int read = ReadFully(file, buffer, at);
            if (read == 0)
            {
                throw new IOException($"{path} became shorter while it was read");
            }
            AppendBlocks(digest, buffer.AsSpan(0, read), at);
            at += read;
        }
        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    private static void AppendBlocks(IncrementalHash digest, ReadOnlySpan<byte> data, long offset)
    {
        for (int start = 0; start < data.Length; start += BlockBytes)
        {
            ReadOnlySpan<byte> block = data[start..Math.Min(start + BlockBytes, data.Length)];
            if (block.ContainsAnyExcept((byte)0))
            {
                Append(digest, offset + start);
                digest.AppendData(block);
            }
        }
    }

    private static int ReadFully(SafeFileHandle file, byte[] buffer, long offset)
    {
        int total = 0;
        while (total < buffer.Length && RandomAccess.Read(file, buffer.AsSpan(total), offset + total) is var read and > 0)
        {
            total += read;
        }
        return total;
    }

    // Down to a whole block: where an extent begins differs between file systems.
    private static long NextData(int descriptor, long from, long length)
    {
        if (from >= length)
        {
            return length;
        }
        long found = Libc.Seek(descriptor, from, Libc.SeekData);
        // ENXIO: only a hole is left. A file system without SEEK_DATA (EINVAL) is all data.
        return found >= 0 ? Math.Max(from, found - (found % BlockBytes)) : Libc.LastErrno == Errno.NoData ? length : from;
    }

    private static void Append(IncrementalHash digest, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        digest.AppendData(bytes);
    }
}
