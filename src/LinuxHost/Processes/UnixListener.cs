using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>
/// A listening unix socket for a child to inherit. Not .NET's own, which removes the path when it is closed: here the path
/// belongs to the child.
/// </summary>
public static class UnixListener
{
    private const int LongestPath = 107;
    // Room for the checks of half a minute: a child that is busy for so long still gets them all, and a full queue would look like nobody there.
    private const int Backlog = 64;

    /// <summary>Listens at a path where nothing is. Only this process's user (and root) may connect.</summary>
    /// <exception cref="HostResourceException">The path is taken, too long or not ours to write; names it.</exception>
    public static unsafe SafeFileHandle Open(string path)
    {
        byte[] name = Encoding.UTF8.GetBytes(path);
        if (name.Length > LongestPath)
        {
            throw new HostResourceException($"cannot listen at {path}: a socket's path has at most {LongestPath} bytes");
        }
        int descriptor = Libc.Socket(Libc.UnixFamily, Libc.StreamCloseOnExec, 0);
        if (descriptor < 0)
        {
            throw Errno.Failure($"cannot listen at {path}", Libc.LastErrno);
        }
        var listener = new SafeFileHandle(descriptor, ownsHandle: true);
        // struct sockaddr_un: the family, then the path and a NUL.
        byte[] address = [.. new byte[2], .. name, 0];
        BinaryPrimitives.WriteUInt16LittleEndian(address, Libc.UnixFamily);
        fixed (byte* start = address)
        {
            if (Libc.Bind(descriptor, start, (uint)address.Length) < 0 || Libc.Listen(descriptor, Backlog) < 0)
            {
                int errno = Libc.LastErrno;
                listener.Dispose();
                throw Errno.Failure($"cannot listen at {path}", errno);
            }
        }
        return listener;
    }
}
