using Microsoft.Win32.SafeHandles;

namespace CloudHypervisorStandIn;

/// <summary>
/// Where the output of the serial port or the virtio console goes. We and QEMU share one open file, which is not opened
/// for appending: as with the real one, whoever shortens it from outside gets a hole.
/// </summary>
internal sealed class ConsoleOutput : IDisposable
{
    private const int StandardOutput = 1;

    private readonly bool _isFile;

    private ConsoleOutput(SafeFileHandle file, bool isFile)
    {
        File = file;
        _isFile = isFile;
    }

    internal SafeFileHandle File { get; }

    /// <summary>Creates or empties the file.</summary>
    /// <returns>Absent when the output goes nowhere.</returns>
    /// <exception cref="VmException">The file cannot be made.</exception>
    internal static ConsoleOutput? Open(ConsoleConfig config)
    {
        if (config.Mode == "Tty")
        {
            return new ConsoleOutput(new SafeFileHandle(StandardOutput, ownsHandle: false), isFile: false);
        }
        if (config.Mode != "File")
        {
            return null;
        }
        try
        {
            return new ConsoleOutput(
                System.IO.File.OpenHandle(config.File!, FileMode.Create, FileAccess.Write, FileShare.ReadWrite), isFile: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw VmException.Failed("Error creating console devices", "Error opening or creating console file", VmException.Describe(e));
        }
    }

    /// <summary>What the real one does when the guest resets: it opens the file anew.</summary>
    internal void Empty()
    {
        if (_isFile)
        {
            RandomAccess.SetLength(File, 0);
            Native.Rewind(File);
        }
    }

    public void Dispose() => File.Dispose();
}
