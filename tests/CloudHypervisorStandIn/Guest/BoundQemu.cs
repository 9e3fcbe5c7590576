using System.Globalization;
using System.Text;
using LinuxHost;
using Microsoft.Win32.SafeHandles;

namespace CloudHypervisorStandIn;

/// <summary>
/// A QEMU process that ends with this one, however this one ends: the real one has no second process, so nobody would look
/// for this. setpriv asks the kernel for SIGKILL at the end of the thread that started it (prctl(2), PR_SET_PDEATHSIG),
/// which must be one that lives as long as the process; the shell then makes sure that this did not happen before.
/// </summary>
internal sealed class BoundQemu : IDisposable
{
    private const string Program = "qemu-system-x86_64";
    private const string Script = """[ "$PPID" = "$1" ] || exit 1; shift; exec "$@" """;
    private static readonly TimeSpan EndDeadline = TimeSpan.FromSeconds(10);

    private readonly ChildProcess _process;
    private readonly SafeFileHandle _output;

    private BoundQemu(ChildProcess process, SafeFileHandle output)
    {
        _process = process;
        _output = output;
    }

    /// <summary>Completes with its exit code.</summary>
    internal Task<int?> Exited => _process.Exited;

    /// <summary>What it printed: warnings and the reason why it ended.</summary>
    internal string Output
    {
        get
        {
            byte[] bytes = new byte[RandomAccess.GetLength(_output)];
            int count = RandomAccess.Read(_output, bytes, 0);
            return Encoding.UTF8.GetString(bytes, 0, count).Trim();
        }
    }

    /// <summary>To be called on the main thread.</summary>
    /// <exception cref="VmException">It cannot be started.</exception>
    internal static BoundQemu Start(IReadOnlyList<string> arguments, IReadOnlyDictionary<int, SafeFileHandle> descriptors)
    {
        // Our own standard error may be a file that our user cannot open a second time; this one he can.
        SafeFileHandle output = Native.MemoryFile("qemu-output");
        try
        {
            ChildProcess process = Spawn.Start(new SpawnRequest
            {
                Program = "setpriv",
                Arguments =
                [
                    "--pdeathsig", "KILL", "--",
                    "sh", "-c", Script, "sh", Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
                    Program, .. arguments,
                ],
                OutputPath = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{Native.Number(output)}"),
                InheritedDescriptors = descriptors,
            });
            return new BoundQemu(process, output);
        }
        catch (HostResourceException e)
        {
            output.Dispose();
            throw VmException.Failed("QEMU cannot be started", e.Message);
        }
    }

    /// <summary>Kills it and waits for its end.</summary>
    public void Dispose()
    {
        _process.Kill();
        _process.Exited.Wait(EndDeadline);
        _output.Dispose();
    }
}
