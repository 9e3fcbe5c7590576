using System.Globalization;
using System.Runtime.InteropServices;

namespace LinuxHost;

/// <summary>The error numbers we branch on, and their text for messages.</summary>
internal static class Errno
{
    internal const int NotPermitted = 1;
    internal const int NoEntry = 2;
    internal const int NoProcess = 3;
    internal const int Interrupted = 4;
    internal const int AccessDenied = 13;
    internal const int Exists = 17;
    internal const int CrossDevice = 18;
    internal const int IsDirectory = 21;
    internal const int Invalid = 22;
    internal const int NotTty = 25;
    internal const int NoSpace = 28;
    internal const int WouldBlock = 11;
    internal const int ReadOnlyFileSystem = 30;
    internal const int NotImplemented = 38;
    internal const int NotSupported = 95;
    internal const int NoData = 6;

    /// <summary>For example "No such file or directory (errno 2)".</summary>
    internal static string Describe(int errno) =>
        string.Create(CultureInfo.InvariantCulture, $"{Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})");

    /// <summary>An error that says what was tried on what, and why the kernel refused.</summary>
    internal static HostResourceException Failure(string attempt, int errno) => new($"{attempt}: {Describe(errno)}");
}
