using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace LinuxHost.Tests.Processes;

public sealed class UnixListenerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Who_connects_early_waits_and_the_path_stays_when_our_copy_is_closed()
    {
        string path = _directory.File("s");
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (SafeFileHandle listener = UnixListener.Open(path))
        {
            await client.ConnectAsync(new UnixDomainSocketEndPoint(path));
        }

        Assert.True(File.Exists(path));
        // The last copy of the listener is gone, and with it everybody who waited.
        SocketException error = await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1]).WaitAsync(Eventually.Deadline));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    [Fact]
    public void A_taken_path_is_named()
    {
        using SafeFileHandle first = UnixListener.Open(_directory.File("s"));

        HostResourceException error = Assert.Throws<HostResourceException>(() => UnixListener.Open(_directory.File("s")));

        Assert.Contains($"cannot listen at {_directory.File("s")}: Address already in use", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_that_no_socket_can_have_is_refused()
    {
        string path = _directory.File(new string('s', 108));

        Assert.Contains("at most 107 bytes", Assert.Throws<HostResourceException>(() => UnixListener.Open(path)).Message, StringComparison.Ordinal);
    }
}
