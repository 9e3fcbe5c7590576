using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Qemu;

/// <summary>Connects to a machine's control socket.</summary>
internal static class QmpSocket
{
    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;

    /// <summary>One attempt.</summary>
    /// <exception cref="SocketException">Nobody listens (yet).</exception>
    /// <exception cref="IOException">The directory is gone, or the listener is not the machine's process.</exception>
    internal static async Task<Stream> ConnectAsync(string directory, int expectedPid, CancellationToken cancellationToken)
    {
        // A socket address holds 107 bytes of path; through the open directory every path is short.
        using SafeFileHandle handle = NativeFile.OpenDirectory(directory);
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{(int)handle.DangerousGetHandle()}/{MachineFiles.Socket}");
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            VerifyPeer(socket, expectedPid, $"{directory}/{MachineFiles.Socket}");
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The name may have become a link to somebody else's socket, to which root's commands must not go, and anybody of the
    /// machine's user may connect to ours.
    /// </summary>
    /// <exception cref="IOException">The other side is not the machine's process.</exception>
    internal static void VerifyPeer(Socket socket, int expectedPid, string path)
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
}
