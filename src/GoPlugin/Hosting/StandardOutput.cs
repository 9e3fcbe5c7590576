using System.Text;
using GoPlugin.Interop;

namespace GoPlugin.Hosting;

/// <summary>
/// Descriptor 1. The host reads one line from it; anything later is thrown away or, if a line is longer than 64 KiB,
/// blocks the writer for ever. So after the handshake the number 1 leads to /dev/null, for this process and all its
/// children. The real pipe stays open under another number, because its end would mean "the plugin has exited".
/// </summary>
internal static class StandardOutput
{
    private const int O_WRONLY = 1;
    private const int O_CLOEXEC = 0x80000;

    public static void WriteHandshake(string line)
    {
        if (!FileDescriptor.WriteAll(Libc.StandardOutput, Encoding.ASCII.GetBytes(line)))
        {
            throw new PluginStartException($"cannot write the handshake to standard output: {Libc.LastError()}; the host must read it from a pipe");
        }
    }

    public static void Silence()
    {
        var kept = Libc.Fcntl(Libc.StandardOutput, Libc.F_DUPFD_CLOEXEC, 3);
        var nowhere = Libc.Open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (kept < 0 || nowhere < 0 || Libc.Dup2(nowhere, Libc.StandardOutput) < 0)
        {
            throw new PluginStartException($"cannot lead descriptor 1 to /dev/null after the handshake: {Libc.LastError()}");
        }

        _ = Libc.Close(nowhere);
    }
}
