using System.Runtime.InteropServices;

namespace LinuxHost;

/// <summary>All calls into the C library, by theme in the partial files. Structure layouts are those of 64-bit Linux with glibc.</summary>
internal static partial class Libc
{
    private const string Library = "libc";

    /// <summary>errno of the last call that keeps it.</summary>
    internal static int LastErrno => Marshal.GetLastPInvokeError();

    /// <summary>Repeats a call that a signal interrupted: a handler of the runtime is no reason to give up.</summary>
    internal static int RetryInterrupted(Func<int> call)
    {
        int result;
        do
        {
            result = call();
        }
        while (result < 0 && LastErrno == Errno.Interrupted);
        return result;
    }
}
