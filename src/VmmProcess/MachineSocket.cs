using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace VmmProcess;

/// <summary>Connects to a machine's control socket.</summary>
public static class MachineSocket
{
    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;

    /// <summary>One attempt, at a socket whose listener the kernel knows to be the machine's process.</summary>
    /// <exception cref="SocketException">Nobody listens (yet).</exception>
    /// <exception cref="IOException">The directory is gone, or the listener is not the machine's process.</exception>
    public static async Task<Stream> ConnectAsync(string directory, string name, int expectedPid, CancellationToken cancellationToken)
    {
        // A socket address holds 107 bytes of path; through the open directory every path is short.
        using SafeFileHandle handle = NativeFile.OpenDirectory(directory);
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{(int)handle.DangerousGetHandle()}/{name}");
        return await ConnectAsync(path, socket => VerifyPeer(socket, expectedPid, $"{directory}/{name}"), cancellationToken);
    }

    /// <summary>
    /// One attempt, at a socket that we made and the machine's process only inherited: to the kernel it is ours for ever, so
    /// the listener cannot be verified. The name is not followed instead, and only the machine's user can have put
    /// another socket there: who answers is the machine or its guest, never a third party.
    /// </summary>
    /// <exception cref="SocketException">Nobody listens.</exception>
    /// <exception cref="IOException">The name is gone.</exception>
    public static async Task<Stream> ConnectInheritedAsync(string directory, string name, CancellationToken cancellationToken)
    {
        using SafeFileHandle handle = NativeFile.OpenNode(Path.Combine(directory, name));
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{(int)handle.DangerousGetHandle()}");
        return await ConnectAsync(path, _ => { }, cancellationToken);
    }

    /// <summary>
    /// The name may have become a link to somebody else's socket, to which root's commands must not go, and anybody of the
    /// machine's user may connect to ours.
    /// </summary>
    /// <exception cref="IOException">The other side is not the machine's process.</exception>
    public static void VerifyPeer(Socket socket, int expectedPid, string path)
    {
        Span<byte> credentials = stackalloc byte[12];
        socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
        int pid = BinaryPrimitives.ReadInt32LittleEndian(credentials);
        if (pid != expectedPid)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture,
                $"{path} is served by pid {pid}, not by the machine's process {expectedPid}"));
        }
    }

    private static async Task<Stream> ConnectAsync(string path, Action<Socket> verify, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            verify(socket);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
