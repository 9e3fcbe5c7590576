using System.Runtime.InteropServices;

namespace LinuxHost;

internal static partial class Libc
{
    /// <summary>The same on every architecture.</summary>
    internal const long LandlockCreateRulesetNumber = 444;

    // The C library has no function of its own for it.
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial long LandlockCreateRuleset(long number, nint attributes, nuint size, uint flags);
}
