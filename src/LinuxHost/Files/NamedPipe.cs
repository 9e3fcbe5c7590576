using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>
/// Pipes with a name. A writer that has one open for reading too never meets a broken pipe: what it writes waits for whoever
/// reads next, as far as the kernel's buffer goes.
/// </summary>
public static class NamedPipe
{
    private const uint OwnerOnly = 0x180; // 0600

    /// <summary>Makes it anew, for root alone, and opens the writer's end.</summary>
    /// <exception cref="HostResourceException">Names the path and the errno.</exception>
    public static SafeFileHandle Create(string path)
    {
        _ = Libc.UnlinkAt(Libc.AtCurrentDirectory, path, 0);
        if (Libc.MakePipe(path, OwnerOnly) < 0)
        {
            throw Errno.Failure($"cannot make the pipe {path}", Libc.LastErrno);
        }
        int descriptor = Libc.Open(path, Libc.OpenReadWrite | Libc.OpenNonBlocking | Libc.OpenNoFollow | Libc.OpenCloseOnExec, 0);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw Errno.Failure($"cannot open the pipe {path}", Libc.LastErrno);
    }
}
