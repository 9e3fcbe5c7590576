using System.Runtime.InteropServices;

namespace LinuxHost;

internal static partial class Libc
{
    internal const int UnixFamily = 1;
    internal const int StreamCloseOnExec = 0x80001;

    [LibraryImport(Library, EntryPoint = "socket", SetLastError = true)]
    internal static partial int Socket(int family, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "bind", SetLastError = true)]
    internal static unsafe partial int Bind(int descriptor, byte* address, uint length);

    [LibraryImport(Library, EntryPoint = "listen", SetLastError = true)]
    internal static partial int Listen(int descriptor, int backlog);
}
