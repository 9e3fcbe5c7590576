using System.Net.Sockets;
using LinuxHost;
using Microsoft.Win32.SafeHandles;

namespace Qemu;

/// <summary>
/// A machine's control socket, made by us before its process exists: the process inherits it, and the first connection is
/// open already. So nobody has to look again and again whether QEMU listens yet, and nobody else can be first.
/// </summary>
/// <param name="listener">For the process to inherit.</param>
/// <param name="client">Our end of the first connection; it stays when this is disposed.</param>
internal sealed class ControlSocket(SafeFileHandle listener, Stream client) : IDisposable
{
    internal SafeFileHandle Listener => listener;

    internal Stream Client => client;

    /// <param name="path">As QEMU sees it: it removes the path at its end.</param>
    /// <exception cref="HostResourceException">It cannot be made.</exception>
    internal static ControlSocket Open(string path)
    {
        // Left by an earlier process of the same machine.
        File.Delete(path);
        SafeFileHandle listener = UnixListener.Open(path);
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            client.Connect(new UnixDomainSocketEndPoint(path));
            return new ControlSocket(listener, new NetworkStream(client, ownsSocket: true));
        }
        catch (SocketException e)
        {
            listener.Dispose();
            client.Dispose();
            throw new HostResourceException($"cannot connect to our own socket {path}: {e.Message}", e);
        }
    }

    /// <summary>Closes our copy of the listening socket, so that the connection ends with the process.</summary>
    public void Dispose() => listener.Dispose();
}
