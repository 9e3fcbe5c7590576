using System.Runtime.InteropServices;

namespace LinuxHost;

internal static partial class Libc
{
    // x86-64 and arm64 share these values (asm-generic/fcntl.h).
    internal const int OpenReadOnly = 0;
    internal const int OpenWriteOnly = 1;
    internal const int OpenReadWrite = 2;
    internal const int OpenCreate = 0x40;
    internal const int OpenExclusive = 0x80;
    internal const int OpenTruncate = 0x200;
    internal const int OpenAppend = 0x400;
    internal const int OpenNonBlocking = 0x800;
    internal const int OpenCloseOnExec = 0x80000;

    // These two are not shared: arm64 has its own (arch/arm64/include/uapi/asm/fcntl.h).
    internal static readonly int OpenDirectory = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 ? 0x4000 : 0x10000;
    internal static readonly int OpenNoFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>O_TMPFILE: a file without a name, in the directory that is opened.</summary>
    internal static readonly int OpenUnnamed = 0x400000 | OpenDirectory;

    internal const int AtCurrentDirectory = -100;
    internal const int AtRemoveDirectory = 0x200;
    internal const int UnmountDetach = 2;

    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;
    internal const int LockRelease = 8;
    internal const int SeekData = 3;
    internal const int SeekHole = 4;

    /// <summary>FICLONE of linux/fs.h.</summary>
    internal const nuint IoctlClone = 0x40049409;

    private const int DuplicateCloseOnExec = 1030;
    private const uint StatxBasic = 0x7ff;
    private const int StatxSize = 256;

    /// <summary>What names a file: its device and inode.</summary>
    internal readonly record struct FileNode(uint DeviceMajor, uint DeviceMinor, ulong Inode);

    [LibraryImport(Library, EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Open(string path, int flags, uint mode);

    /// <summary>The path is relative to the directory.</summary>
    [LibraryImport(Library, EntryPoint = "openat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int OpenAt(int directory, string path, int flags, uint mode);

    /// <summary>Removes a name in the directory; a link goes, what it points to stays.</summary>
    [LibraryImport(Library, EntryPoint = "unlinkat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int UnlinkAt(int directory, string path, int flags);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    internal static unsafe partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    internal static unsafe partial nint Write(int descriptor, void* buffer, nuint count);

    [LibraryImport(Library, EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Access(string path, int mode);

    /// <summary>A duplicate that is not closed on exec.</summary>
    [LibraryImport(Library, EntryPoint = "dup", SetLastError = true)]
    internal static partial int Duplicate(int descriptor);

    /// <summary>A duplicate numbered <paramref name="lowest"/> or higher, closed on exec.</summary>
    internal static int DuplicateAbove(int descriptor, int lowest) => FileControl(descriptor, DuplicateCloseOnExec, lowest);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(int descriptor, int command, long argument);

    [LibraryImport(Library, EntryPoint = "flock", SetLastError = true)]
    internal static partial int Lock(int descriptor, int operation);

    [LibraryImport(Library, EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Link(string existing, string created);

    [LibraryImport(Library, EntryPoint = "lchown", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport(Library, EntryPoint = "chmod", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int ChangeMode(string path, uint mode);

    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Synchronize(int descriptor);

    [LibraryImport(Library, EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int Truncate(int descriptor, long length);

    [LibraryImport(Library, EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Allocate(int descriptor, int mode, long offset, long length);

    [LibraryImport(Library, EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int MakePipe(string path, uint mode);

    [LibraryImport(Library, EntryPoint = "lseek", SetLastError = true)]
    internal static partial long Seek(int descriptor, long offset, int whence);

    [LibraryImport(Library, EntryPoint = "copy_file_range", SetLastError = true)]
    internal static unsafe partial nint CopyRange(int source, long* sourceOffset, int target, long* targetOffset, nuint length, uint flags);

    /// <summary>Follows symbolic links. Null with errno kept when the path cannot be looked at.</summary>
    internal static unsafe FileNode? NodeOf(string path)
    {
        // struct statx has one layout on every architecture: inode at 32, the device's numbers at 136 and 140.
        byte* status = stackalloc byte[StatxSize];
        return StatX(AtCurrentDirectory, path, 0, StatxBasic, status) < 0
            ? null
            : new FileNode(*(uint*)(status + 136), *(uint*)(status + 140), *(ulong*)(status + 32));
    }

    /// <summary>Follows symbolic links; absent when the path cannot be looked at.</summary>
    internal static unsafe FileStamp? StampOf(string path)
    {
        // Its length at 40; the time of its last change at 112, seconds before nanoseconds.
        byte* status = stackalloc byte[StatxSize];
        return StatX(AtCurrentDirectory, path, 0, StatxBasic, status) < 0
            ? null
            : new FileStamp(
                (*(uint*)(status + 136), *(uint*)(status + 140)), *(ulong*)(status + 32), *(ulong*)(status + 40), (*(long*)(status + 112), *(uint*)(status + 120)));
    }

    /// <summary>How many names the file has; absent when it cannot be asked.</summary>
    internal static unsafe uint? LinksOf(string path)
    {
        byte* status = stackalloc byte[StatxSize];
        return StatX(AtCurrentDirectory, path, 0, StatxBasic, status) < 0 ? null : *(uint*)(status + 16);
    }

    /// <summary>Its type and permissions, links followed. Null with errno kept when the path cannot be looked at.</summary>
    internal static unsafe ushort? ModeOf(string path)
    {
        byte* status = stackalloc byte[StatxSize];
        return StatX(AtCurrentDirectory, path, 0, StatxBasic, status) < 0 ? null : *(ushort*)(status + 28);
    }

    /// <summary>The user it belongs to; absent when it cannot be asked.</summary>
    internal static unsafe uint? OwnerOf(string path)
    {
        byte* status = stackalloc byte[StatxSize];
        return StatX(AtCurrentDirectory, path, 0, StatxBasic, status) < 0 ? null : *(uint*)(status + 20);
    }

    [LibraryImport(Library, EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static unsafe partial int StatX(int directory, string path, int flags, uint mask, byte* status);
}
