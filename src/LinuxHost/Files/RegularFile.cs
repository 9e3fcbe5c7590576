using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>Opens files that somebody else has named: plain files only, for a pipe could keep us waiting for ever.</summary>
public static class RegularFile
{
    /// <summary>Opens it for reading; symbolic links are followed.</summary>
    /// <exception cref="HostResourceException">It is missing, something else, or cannot be read; names it and says which.</exception>
    public static SafeFileHandle Open(string path)
    {
        // Looked at before it is opened: opening a device can already do something.
        if (Libc.ModeOf(path) is not { } mode)
        {
            throw Errno.Failure($"cannot look at {path}", Libc.LastErrno);
        }
        if (KindOf(mode) is { } kind)
        {
            throw new HostResourceException($"{path} is {kind}, not a regular file");
        }
        int descriptor = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenNonBlocking | Libc.OpenCloseOnExec, 0);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Errno.Failure($"cannot open {path}", Libc.LastErrno);
    }

    // stat(2): the upper bits of a file's mode. Null for a regular file.
    private static string? KindOf(ushort mode) => (mode & 0xf000) switch
    {
        0x8000 => null,
        0x4000 => "a directory",
        0x1000 => "a pipe",
        0x6000 => "a block device",
        0x2000 => "a character device",
        0xc000 => "a socket",
        _ => "something unknown",
    };
}
