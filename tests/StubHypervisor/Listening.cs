using System.Runtime.InteropServices;

namespace StubHypervisor;

/// <summary>
/// listen(2) on a socket that listens already, as QEMU does: from then on the kernel tells clients that it is this process
/// which serves them. .NET leaves the call out.
/// </summary>
internal static partial class Listening
{
    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    internal static partial int TakeOver(int descriptor, int backlog);
}
