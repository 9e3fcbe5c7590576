using GoPlugin.Security;
using Microsoft.Extensions.Logging;

namespace GoPlugin.Hosting;

/// <summary>
/// What the handshake line promises: a socket that takes connections, and with AutoMTLS the certificate that will be
/// presented there. Connections wait in the kernel until a <see cref="ServingPlugin"/> accepts them.
/// </summary>
internal sealed class PluginEndpoint : IDisposable
{
    private PluginEndpoint(PluginEnvironment environment, AutoMtls? mtls, PluginSocket socket)
    {
        Environment = environment;
        Mtls = mtls;
        Socket = socket;
    }

    public PluginEnvironment Environment { get; }

    public AutoMtls? Mtls { get; }

    public PluginSocket Socket { get; }

    public string HandshakeLine => Handshake.Format(Environment, Socket.Path, Mtls?.HandshakeField);

    /// <exception cref="PluginStartException">The environment is unusable.</exception>
    public static PluginEndpoint Open(PluginEnvironment environment, TimeProvider clock, ILogger logger)
    {
        // Loading OpenSSL is the longest part of all that the host waits for, so it goes on beside the socket.
        var mtls = environment.ClientCertificatePem is { } pem ? OnOwnThread(() => AutoMtls.Create(pem, clock)) : null;
        PluginSocket? socket = null;
        try
        {
            socket = PluginSocket.Listen(environment, logger);
            // Blocks: nothing else is to be done yet, and the first await of a process takes longer than its first socket.
            return new PluginEndpoint(environment, mtls?.GetAwaiter().GetResult(), socket);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Socket.Dispose();
        Mtls?.Dispose();
    }

    // The pool's first thread would be there later.
    private static Task<T> OnOwnThread<T>(Func<T> work)
        => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
