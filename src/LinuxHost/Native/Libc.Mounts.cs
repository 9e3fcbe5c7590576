using System.Runtime.InteropServices;

namespace LinuxHost;

internal static partial class Libc
{
    // sys/mount.h and sched.h, the same on every architecture.
    internal const nuint MountNoSetId = 0x2;
    internal const nuint MountNoExecute = 0x8;
    internal const nuint MountReadOnly = 0x1;
    internal const nuint MountBind = 0x1000;
    internal const nuint MountRecursive = 0x4000;
    internal const nuint MountSlave = 0x80000;
    internal const int CloneNewMounts = 0x20000;
    internal const uint CharacterDevice = 0x2000;

    [LibraryImport(Library, EntryPoint = "unshare", SetLastError = true)]
    internal static partial int Unshare(int namespaces);

    [LibraryImport(Library, EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Mount(string? source, string target, string? fileSystem, nuint flags, string? options);

    internal static int Detach(string target) => Unmount(target, UnmountDetach);

    [LibraryImport(Library, EntryPoint = "mknod", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int MakeNode(string path, uint mode, ulong device);

    [LibraryImport(Library, EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Unmount(string target, int flags);
}
