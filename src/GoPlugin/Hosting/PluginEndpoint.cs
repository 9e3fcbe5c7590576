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
        var mtls = environment.ClientCertificatePem is { } pem ? AutoMtls.Create(pem, clock) : null;
        try
        {
            return new PluginEndpoint(environment, mtls, PluginSocket.Listen(environment, logger));
        }
        catch
        {
            mtls?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Socket.Dispose();
        Mtls?.Dispose();
    }
}
