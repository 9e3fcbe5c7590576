using System.Net.Sockets;
using LinuxHost;
using Microsoft.Win32.SafeHandles;

namespace VmmProcess;

/// <summary>
/// A machine's control socket, made by us before its process exists: the process inherits it, and the first connection is
/// open already. So nobody has to look again and again whether it listens yet, and nobody else can be first.
/// </summary>
/// <param name="listener">For the process to inherit.</param>
/// <param name="client">Our end of the first connection; it stays when this is disposed.</param>
public sealed class ControlSocket(SafeFileHandle listener, Stream client) : IDisposable
{
    /// <summary>For the process to inherit.</summary>
    public SafeFileHandle Listener => listener;

    /// <summary>Our end of the first connection.</summary>
    public Stream Client => client;

    /// <summary>Makes it where an earlier one may have been.</summary>
    /// <param name="path">As the process sees it: one that removes the path at its end finds it there.</param>
    /// <exception cref="HostResourceException">It cannot be made.</exception>
    public static ControlSocket Open(string path)
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
