using System.Globalization;
using System.Net.Sockets;
using LinuxHost;
using Microsoft.Win32.SafeHandles;
using VmmProcess;
using VmPool;

namespace Qemu;

/// <summary>
/// Takes a machine's state over a socket and writes it to a file. QEMU itself never gets at the file: it holds no right to
/// write a template, neither before nor after.
/// </summary>
internal sealed class StateReceiver : IDisposable
{
    private const string Name = "state.sock";
    // The state of the few devices we have is half a megabyte; a taken-over QEMU shall not fill the disk.
    private const long MaximumBytes = 256 << 20;
    private const int BufferBytes = 1 << 16;

    private readonly SafeFileHandle _directory;
    private readonly Socket _listener;
    private readonly string _path;
    private readonly int _pid;

    private StateReceiver(SafeFileHandle directory, Socket listener, string path, int pid)
    {
        _directory = directory;
        _listener = listener;
        _path = path;
        _pid = pid;
    }

    /// <summary>Where QEMU sends to, as it sees it.</summary>
    internal static string Target => $"unix:{MachineView.Machine}/{Name}";

    /// <summary>Listens in the machine's directory, for its process alone.</summary>
    /// <exception cref="HypervisorException">The socket cannot be made.</exception>
    internal static StateReceiver Open(string machineDirectory, int pid)
    {
        string path = Path.Combine(machineDirectory, Name);
        // A socket address holds 107 bytes of path; through the open directory every path is short.
        SafeFileHandle directory = NativeFile.OpenDirectory(machineDirectory);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            string address = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{(int)directory.DangerousGetHandle()}/{Name}");
            listener.Bind(new UnixDomainSocketEndPoint(address));
            listener.Listen(1);
            FileOwner.Give(path, FileOwner.Of(machineDirectory));
            return new StateReceiver(directory, listener, path, pid);
        }
        catch (Exception e)
        {
            listener.Dispose();
            directory.Dispose();
            throw new HypervisorException($"cannot make the socket {path}: {e.Message}", e);
        }
    }

    /// <summary>Returns when the machine's process has connected, sent everything and closed.</summary>
    /// <exception cref="HypervisorException">It sent more than any state can be.</exception>
    internal async Task ReceiveAsync(Stream file, CancellationToken cancellationToken)
    {
        using Socket connection = await _listener.AcceptAsync(cancellationToken);
        MachineSocket.VerifyPeer(connection, _pid, _path);
        byte[] buffer = new byte[BufferBytes];
        for (long total = 0; ;)
        {
            int count = await connection.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (count == 0)
            {
                return;
            }
            total += count;
            if (total > MaximumBytes)
            {
                throw new HypervisorException($"the state of its devices is larger than {MaximumBytes} bytes");
            }
            await file.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
    }

    /// <summary>The listener removes its path, which it knows by way of the open directory.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        _directory.Dispose();
    }
}
