using System.Net.Sockets;

namespace CloudHypervisorStandIn;

/// <summary>
/// Where the API listens. A path gets a lock file, which stays; whatever lies at the path is removed before, and the socket
/// itself at a proper end. An inherited descriptor listens already and has no path that would be ours.
/// </summary>
internal sealed class ApiSocket : IDisposable
{
    private const int Backlog = 128;

    private readonly FileStream? _lock;
    private readonly string? _path;

    private ApiSocket(Socket listener, string? path, FileStream? held)
    {
        Listener = listener;
        _path = path;
        _lock = held;
    }

    internal Socket Listener { get; }

    /// <exception cref="IOException">Another instance serves it, or it cannot be made.</exception>
    internal static ApiSocket Open(Endpoint endpoint)
    {
        if (endpoint.Path is not { } path)
        {
            return new ApiSocket(new Socket(new SafeSocketHandle(endpoint.Descriptor!.Value, ownsHandle: true)), null, null);
        }
        FileStream held = Lock(path);
        try
        {
            File.Delete(path);
            var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen(Backlog);
            return new ApiSocket(listener, path, held);
        }
        catch (SocketException e)
        {
            held.Dispose();
            throw new IOException($"Error creating API server's socket: {e.Message}", e);
        }
    }

    /// <summary>A proper end: .NET removes the path of what it has bound, and this makes sure.</summary>
    public void Dispose()
    {
        Listener.Dispose();
        if (_path is not null)
        {
            File.Delete(_path);
        }
        _lock?.Dispose();
    }

    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream($"{path}.lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        }
        catch (IOException e) when (File.Exists($"{path}.lock"))
        {
            throw new IOException($"API socket {path} is already in use by another running instance", e);
        }
    }
}
