using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>Gives back the room of parts of a file that nobody needs any more; its length stays.</summary>
public static class SparseFile
{
    // fallocate(2): a hole is always made without a change of the length.
    private const int KeepSize = 1;
    private const int PunchHole = 2;

    /// <summary>Makes the front of a file a hole when more than <paramref name="limit"/> bytes lie behind its first hole.</summary>
    /// <param name="file">Open for writing.</param>
    /// <param name="limit">Bytes that may be there.</param>
    /// <param name="kept">Bytes at the end that stay.</param>
    /// <returns>Whether anything was given back.</returns>
    /// <exception cref="HostResourceException">The file system cannot make holes; says the errno.</exception>
    public static bool DropFront(SafeFileHandle file, long limit, long kept)
    {
        int descriptor = (int)file.DangerousGetHandle();
        long length = RandomAccess.GetLength(file);
        long first = Libc.Seek(descriptor, 0, Libc.SeekData);
        if (first < 0 || length - first <= limit)
        {
            return false;
        }
        return Libc.RetryInterrupted(() => Libc.Allocate(descriptor, PunchHole | KeepSize, 0, length - kept)) == 0
            ? true
            : throw Errno.Failure("cannot give back the room of old output", Libc.LastErrno);
    }
}
