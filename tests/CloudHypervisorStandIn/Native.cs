using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CloudHypervisorStandIn;

/// <summary>The few system calls that .NET does not offer.</summary>
internal static partial class Native
{
    private const string Library = "libc";
    private const int UnixFamily = 1;
    private const int StreamCloseOnExec = 0x80001;
    private const uint MemoryFileCloseOnExec = 1;
    private const int GetFlags = 3;
    private const int SetFlags = 4;
    private const int NonBlocking = 0x800;

    /// <summary>The real one's own: files are 0600, sockets belong to their user alone.</summary>
    internal static void KeepFilesPrivate() => _ = UmaskCall(0x3f /* 077 */);

    /// <summary>Two connected sockets: one for us, one for a child to inherit.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    internal static unsafe (Socket Ours, SafeFileHandle Theirs) ConnectedSockets()
    {
        int* pair = stackalloc int[2];
        if (SocketPairCall(UnixFamily, StreamCloseOnExec, 0, pair) < 0)
        {
            throw Failure("cannot make a pair of sockets");
        }
        return (new Socket(new SafeSocketHandle(pair[0], ownsHandle: true)), new SafeFileHandle(pair[1], ownsHandle: true));
    }

    /// <summary>A file without a name that ends with its last descriptor.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    internal static SafeFileHandle MemoryFile(string name)
    {
        int descriptor = MemoryFileCall(name, MemoryFileCloseOnExec);
        return descriptor < 0 ? throw Failure($"cannot make the memory file {name}") : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Writes that would wait fail from now on.</summary>
    internal static void SetNonBlocking(SafeFileHandle file)
    {
        int descriptor = Number(file);
        _ = FileControlCall(descriptor, SetFlags, FileControlCall(descriptor, GetFlags, 0) | NonBlocking);
    }

    /// <summary>Back to the beginning, for every process that shares the open file: .NET's own positions are not the kernel's.</summary>
    internal static void Rewind(SafeFileHandle file) => _ = SeekCall(Number(file), 0, 0);

    internal static int Number(SafeHandle handle) => (int)handle.DangerousGetHandle();

    private static IOException Failure(string what) => new($"{what}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [LibraryImport(Library, EntryPoint = "umask")]
    private static partial uint UmaskCall(uint mask);

    [LibraryImport(Library, EntryPoint = "socketpair", SetLastError = true)]
    private static unsafe partial int SocketPairCall(int domain, int type, int protocol, int* pair);

    [LibraryImport(Library, EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MemoryFileCall(string name, uint flags);

    [LibraryImport(Library, EntryPoint = "fcntl")]
    private static partial int FileControlCall(int descriptor, int command, nint argument);

    [LibraryImport(Library, EntryPoint = "lseek")]
    private static partial long SeekCall(int descriptor, long offset, int origin);
}
