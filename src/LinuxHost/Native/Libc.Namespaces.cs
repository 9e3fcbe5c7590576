using System.Runtime.InteropServices;

namespace LinuxHost;

internal static partial class Libc
{
    internal const int CloneNewNetwork = 0x40000000;

    [LibraryImport(Library, EntryPoint = "setns", SetLastError = true)]
    internal static partial int SetNamespace(int descriptor, int type);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    internal static unsafe partial int DeviceControl(int descriptor, nuint request, void* argument);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int DeviceControl(int descriptor, nuint request, nint argument);

    /// <summary>0 with errno kept when there is no such interface in the calling thread's network namespace.</summary>
    [LibraryImport(Library, EntryPoint = "if_nametoindex", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial uint InterfaceIndex(string name);
}
