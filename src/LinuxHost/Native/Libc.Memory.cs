using System.Runtime.InteropServices;

namespace LinuxHost;

internal static partial class Libc
{
    internal const uint MemoryFileCloseOnExec = 1;
    internal const uint MemoryFileAllowSealing = 2;

    /// <summary>F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE of linux/fcntl.h.</summary>
    internal const long SealEverything = 1 | 2 | 4 | 8;

    private const int AddSeals = 1033;

    [LibraryImport(Library, EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int CreateMemoryFile(string name, uint flags);

    internal static int Seal(int descriptor, long seals) => FileControl(descriptor, AddSeals, seals);
}
