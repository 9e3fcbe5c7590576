using System.Globalization;
using System.Text;

namespace GoPlugin.Hosting;

/// <summary>
/// The one line on standard output that tells the host where and how to connect:
/// core version | application version | network | address | protocol | certificate [| multiplexing].
/// </summary>
internal static class Handshake
{
    private const string CoreProtocolVersion = "1";

    public static string Format(PluginEnvironment environment, string socketPath, string? certificate)
    {
        var line = new StringBuilder(CoreProtocolVersion)
            .Append('|').Append(environment.AppVersion.ToString(CultureInfo.InvariantCulture))
            .Append("|unix|").Append(socketPath)
            .Append("|grpc|").Append(certificate);
        // Hosts before 1.6.0 read everything after the fifth bar as the certificate, so only those that ask get the field.
        return (environment.MultiplexRequested ? line.Append("|false") : line).Append('\n').ToString();
    }
}
