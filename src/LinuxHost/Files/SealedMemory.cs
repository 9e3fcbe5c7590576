using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>
/// Copies of files in memory that nobody can change any more, whatever rights he has (memfd_create(2), F_SEAL_*). They
/// vanish with their last descriptor and last mapping.
/// </summary>
public static class SealedMemory
{
    /// <summary>Copies the data and keeps the holes, then seals.</summary>
    /// <exception cref="HostResourceException">Names the file and the errno (not enough memory, for example).</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public static SafeFileHandle CopyOf(string source, CancellationToken cancellationToken = default)
    {
        int descriptor = Libc.CreateMemoryFile(Path.GetFileName(source), Libc.MemoryFileCloseOnExec | Libc.MemoryFileAllowSealing);
        if (descriptor < 0)
        {
            throw Errno.Failure($"cannot create a copy of {source} in memory", Libc.LastErrno);
        }
        var copy = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            FileClone.CopyData(source, copy, "memory", cancellationToken);
            return Libc.Seal(descriptor, Libc.SealEverything) == 0
                ? copy
                : throw Errno.Failure($"cannot seal the copy of {source} in memory", Libc.LastErrno);
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }
}
