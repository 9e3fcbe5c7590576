using System.Runtime.InteropServices;

namespace LinuxHost;

internal static partial class Libc
{
    internal const int SignalKill = 9;
    internal const short PollIn = 1;

    // glibc's spawn.h.
    internal const short SpawnSetSignalMask = 0x08;
    internal const short SpawnSetSignalDefault = 0x04;
    internal const short SpawnSetSession = 0x80;

    /// <summary>Larger than posix_spawnattr_t (336), posix_spawn_file_actions_t (80) and sigset_t (128).</summary>
    internal const int OpaqueSize = 512;

    private const int WaitByPidfd = 3;
    private const int WaitExited = 4;
    private const int CodeExited = 1;
    private const long CallPidfdSendSignal = 424;
    private const long CallPidfdOpen = 434;
    private const int SigInfoSize = 128;

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    [LibraryImport(Library, EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int PosixSpawn(out int pid, string path, nint fileActions, nint attributes, nint argv, nint envp);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_init")]
    internal static partial int SpawnAttributesInit(nint attributes);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_destroy")]
    internal static partial int SpawnAttributesDestroy(nint attributes);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setflags")]
    internal static partial int SpawnAttributesSetFlags(nint attributes, short flags);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setsigdefault")]
    internal static partial int SpawnAttributesSetSignalDefault(nint attributes, nint signals);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setsigmask")]
    internal static partial int SpawnAttributesSetSignalMask(nint attributes, nint signals);

    [LibraryImport(Library, EntryPoint = "sigemptyset")]
    internal static partial int SignalSetEmpty(nint signals);

    [LibraryImport(Library, EntryPoint = "sigfillset")]
    internal static partial int SignalSetFill(nint signals);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_init")]
    internal static partial int FileActionsInit(nint actions);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_destroy")]
    internal static partial int FileActionsDestroy(nint actions);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_adddup2")]
    internal static partial int FileActionsAddDuplicate(nint actions, int source, int target);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_addclose")]
    internal static partial int FileActionsAddClose(nint actions, int descriptor);

    /// <summary>glibc 2.29 and later.</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_addchdir_np", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int FileActionsAddChangeDirectory(nint actions, string path);

    /// <summary>glibc 2.34 and later.</summary>
    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_addclosefrom_np")]
    internal static partial int FileActionsAddCloseFrom(nint actions, int lowest);

    [LibraryImport(Library, EntryPoint = "poll", SetLastError = true)]
    internal static unsafe partial int Poll(PollDescriptor* descriptors, nuint count, int timeoutMilliseconds);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport(Library, EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int pid, int signal);

    [LibraryImport(Library, EntryPoint = "waitpid", SetLastError = true)]
    internal static partial int WaitPid(int pid, out int status, int options);

    /// <summary>The new descriptor is closed on exec. Needs Linux 5.3.</summary>
    internal static int PidfdOpen(int pid) => (int)SystemCall(CallPidfdOpen, pid, 0, 0, 0);

    internal static int PidfdSendSignal(int pidfd, int signal) => (int)SystemCall(CallPidfdSendSignal, pidfd, signal, 0, 0);

    /// <summary>Reaps exactly the child behind the pidfd. Returns its exit code, 128 + signal, or null with errno kept.</summary>
    internal static unsafe int? Reap(int pidfd)
    {
        // siginfo_t: si_code is the third int, si_status follows si_pid and si_uid, which start at byte 16.
        int* info = stackalloc int[SigInfoSize / sizeof(int)];
        if (RetryInterrupted(() => WaitId(WaitByPidfd, pidfd, (nint)info, WaitExited)) < 0)
        {
            return null;
        }
        return info[2] == CodeExited ? info[6] : 128 + info[6];
    }

    [LibraryImport(Library, EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int idType, int id, nint info, int options);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCall(long number, long first, long second, long third, long fourth);
}
