using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>Copies large files the cheap way: shared blocks where the file system can, only the data of sparse files otherwise.</summary>
public static class FileClone
{
    private const uint PrivateMode = 0x180; // 0600
    private const int ChunkBytes = 64 << 20;
    private const int BufferBytes = 1 << 20;

    /// <summary>
    /// Makes <paramref name="target"/>, which must not exist, a copy-on-write clone of the source (btrfs, xfs): no data is copied.
    /// </summary>
    /// <returns>False, leaving no target, when the file system cannot or the two lie on different ones.</returns>
    /// <exception cref="HostResourceException">Any other failure; names both files and the errno.</exception>
    public static bool TryReflink(string source, string target)
    {
        using SafeFileHandle from = Open(source, Libc.OpenReadOnly);
        using SafeFileHandle to = Open(target, Libc.OpenWriteOnly | Libc.OpenCreate | Libc.OpenExclusive);
        bool isShared = false;
        try
        {
            isShared = TryShare(from, to, $"cannot clone {source} to {target}");
        }
        finally
        {
            if (!isShared)
            {
                File.Delete(target);
            }
        }
        return isShared;
    }

    /// <summary>Whether files in the directory can share their blocks: tried with a small one.</summary>
    /// <exception cref="HostResourceException">The directory is missing or cannot be written.</exception>
    public static bool CanReflink(string directory)
    {
        if (!Directory.Exists(directory))
        {
            throw new HostResourceException($"cannot try whether files in {directory} can share their blocks: it does not exist");
        }
        string attempt = $"cannot try whether files in {directory} can share their blocks";
        try
        {
            // Without a name: nothing is left even by a process that is killed here.
            using SafeFileHandle? source = TryOpenUnnamed(directory, attempt);
            using SafeFileHandle? target = TryOpenUnnamed(directory, attempt);
            if (source is null || target is null)
            {
                return false;
            }
            RandomAccess.Write(source, new byte[4096], 0);
            return TryShare(source, target, attempt);
        }
        catch (IOException e)
        {
            throw new HostResourceException($"{attempt}: {e.Message}", e);
        }
    }

    /// <returns>False when the kernel's answer is that this cannot be, here or between these two.</returns>
    private static bool TryShare(SafeFileHandle source, SafeFileHandle target, string attempt)
    {
        if (Libc.DeviceControl(Number(target), Libc.IoctlClone, Number(source)) == 0)
        {
            return true;
        }
        int errno = Libc.LastErrno;
        return errno is Errno.NotSupported or Errno.CrossDevice or Errno.Invalid or Errno.NotTty or Errno.NotImplemented
            ? false
            : throw Errno.Failure(attempt, errno);
    }

    // Null where the file system knows no files without a name: those that share blocks all do.
    private static SafeFileHandle? TryOpenUnnamed(string directory, string attempt)
    {
        int descriptor = Libc.Open(directory, Libc.OpenUnnamed | Libc.OpenReadWrite | Libc.OpenCloseOnExec, PrivateMode);
        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }
        int errno = Libc.LastErrno;
        return errno == Errno.NotSupported ? null : throw Errno.Failure(attempt, errno);
    }

    /// <summary>Copies the data and keeps the holes. The target must not exist; after a failure it does not.</summary>
    /// <exception cref="HostResourceException">Names both files and the errno (a full disk, for example).</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled; there is no target.</exception>
    public static void CopySparse(string source, string target, CancellationToken cancellationToken = default)
    {
        using SafeFileHandle to = Open(target, Libc.OpenReadWrite | Libc.OpenCreate | Libc.OpenExclusive);
        try
        {
            CopyData(source, to, target, cancellationToken);
        }
        catch
        {
            File.Delete(target);
            throw;
        }
    }

    /// <summary>Gives the empty target the source's length, data and holes.</summary>
    internal static void CopyData(string source, SafeFileHandle to, string target, CancellationToken cancellationToken)
    {
        using SafeFileHandle from = Open(source, Libc.OpenReadOnly);
        try
        {
            long length = RandomAccess.GetLength(from);
            if (Libc.Truncate(Number(to), length) < 0)
            {
                throw Errno.Failure($"cannot copy {source} to {target}", Libc.LastErrno);
            }
            for (long start = NextData(from, 0, length); start < length;)
            {
                long end = NextHole(from, start, length);
                CopyExtent(new Copy(source, from, target, to), start, end, cancellationToken);
                start = NextData(from, end, length);
            }
        }
        catch (IOException e)
        {
            throw new HostResourceException($"cannot copy {source} to {target}: {e.Message}", e);
        }
    }

    private static unsafe void CopyExtent(Copy copy, long start, long end, CancellationToken cancellationToken)
    {
        while (start < end)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long sourceOffset = start;
            long targetOffset = start;
            nint copied = Libc.CopyRange(
                Number(copy.From), &sourceOffset, Number(copy.To), &targetOffset, (nuint)Math.Min(end - start, ChunkBytes), 0);
            if (copied > 0)
            {
                start += copied;
            }
            else if (copied == 0)
            {
                // The source became shorter than it was; some kernels also say 0 for files they cannot copy in place.
                CopyThroughMemory(copy, start, end, cancellationToken);
                return;
            }
            else if (Libc.LastErrno is Errno.CrossDevice or Errno.Invalid or Errno.NotImplemented or Errno.NotSupported)
            {
                CopyThroughMemory(copy, start, end, cancellationToken);
                return;
            }
            else if (Libc.LastErrno != Errno.Interrupted)
            {
                throw Errno.Failure($"cannot copy {copy.Source} to {copy.Target}", Libc.LastErrno);
            }
        }
    }

    private static void CopyThroughMemory(Copy copy, long start, long end, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BufferBytes];
        while (start < end)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int read = RandomAccess.Read(copy.From, buffer.AsSpan(0, (int)Math.Min(end - start, buffer.Length)), start);
            if (read == 0)
            {
                throw new HostResourceException($"cannot copy {copy.Source} to {copy.Target}: the source became shorter meanwhile");
            }
            RandomAccess.Write(copy.To, buffer.AsSpan(0, read), start);
            start += read;
        }
    }

    private static long NextData(SafeFileHandle file, long from, long length)
    {
        long found = Libc.Seek(Number(file), from, Libc.SeekData);
        // ENXIO: only a hole is left. A file system without SEEK_DATA (EINVAL) is all data.
        return found >= 0 ? found : Libc.LastErrno == Errno.NoData ? length : from;
    }

    private static long NextHole(SafeFileHandle file, long from, long length)
    {
        long found = Libc.Seek(Number(file), from, Libc.SeekHole);
        return found >= 0 ? Math.Min(found, length) : length;
    }

    private static SafeFileHandle Open(string path, int flags)
    {
        int descriptor = Libc.Open(path, flags | Libc.OpenCloseOnExec, PrivateMode);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw Errno.Failure($"cannot {((flags & Libc.OpenCreate) != 0 ? "create" : "open")} {path}", Libc.LastErrno);
    }

    private static int Number(SafeFileHandle handle) => (int)handle.DangerousGetHandle();

    private readonly record struct Copy(string Source, SafeFileHandle From, string Target, SafeFileHandle To);
}
