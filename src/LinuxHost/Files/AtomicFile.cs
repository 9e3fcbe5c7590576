using System.Text;

namespace LinuxHost;

/// <summary>Replaces whole files: readers see the old content or the new, never a part.</summary>
public static class AtomicFile
{
    /// <summary>Owner may read and write, nobody else anything.</summary>
    public const UnixFileMode PrivateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a text file in UTF-8; see the other overload.</summary>
    public static void Write(string path, string content, UnixFileMode mode = PrivateMode, bool fsync = false) =>
        Write(path, Encoding.UTF8.GetBytes(content), mode, fsync);

    /// <summary>Writes a temporary file beside the target and renames it over the target.</summary>
    /// <param name="path">In an existing directory.</param>
    /// <param name="content">The whole new content.</param>
    /// <param name="mode">Permissions of the file, from its first moment and whatever the umask.</param>
    /// <param name="fsync">Survive a power loss: the data and the rename are on disk when the call returns. Costs milliseconds.</param>
    /// <exception cref="HostResourceException">Names the target and the reason; the old file is untouched.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode = PrivateMode, bool fsync = false)
    {
        string temporary = TemporaryName.For(path);
        try
        {
            WriteNew(temporary, content, mode, fsync);
            File.Move(temporary, path, overwrite: true);
            if (fsync)
            {
                SynchronizeDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            RemoveQuietly(temporary);
            throw new HostResourceException($"cannot write {path}: {e.Message}", e);
        }
    }

    internal static void WriteNew(string path, ReadOnlySpan<byte> content, UnixFileMode mode, bool fsync)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.Read,
            BufferSize = 0,
            UnixCreateMode = mode,
        };
        using var file = new FileStream(path, options);
        File.SetUnixFileMode(file.SafeFileHandle, mode);
        file.Write(content);
        file.Flush(flushToDisk: fsync);
    }

    internal static void RemoveQuietly(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The failure that brought us here is what the caller must hear; the leftover is recognisable by its name.
        }
    }

    private static void SynchronizeDirectory(string directory)
    {
        int descriptor = Libc.Open(directory, Libc.OpenReadOnly | Libc.OpenCloseOnExec, 0);
        int result = descriptor < 0 ? -1 : Libc.Synchronize(descriptor);
        int errno = Libc.LastErrno;
        if (descriptor >= 0)
        {
            _ = Libc.Close(descriptor);
        }
        if (result < 0)
        {
            throw Errno.Failure($"cannot bring directory {directory} to disk", errno);
        }
    }
}
