using System.Globalization;
using System.Net;

namespace VmPool.Networking;

/// <summary>One entry of <c>network.allow</c>: a private destination that guests may reach.</summary>
/// <param name="Destination">Network; absent when the entry means the guest's own host.</param>
/// <param name="Port">TCP and UDP port, 1 to 65535; absent means every port and protocol.</param>
public sealed record AllowRule(IPNetwork? Destination, int? Port)
{
    /// <summary>
    /// Reads <c>CIDR</c>, <c>CIDR:port</c> or the word <c>host</c> with a port: <c>10.1.0.0/16</c>, <c>10.1.2.3/32:443</c>,
    /// <c>[fd00::]/8:443</c>, <c>host:5000</c>. A plain address is a network of one.
    /// </summary>
    /// <exception cref="FormatException">None of these; the text says what was expected.</exception>
    public static AllowRule Parse(string text)
    {
        if (text.StartsWith("host:", StringComparison.Ordinal))
        {
            return new AllowRule(null, ParsePort(text, text[5..]));
        }
        string destination = text;
        int? port = null;
        int colon = text.LastIndexOf(':');
        int bracket = text.IndexOf(']', StringComparison.Ordinal);
        bool isSingleColon = colon >= 0 && text.IndexOf(':', StringComparison.Ordinal) == colon;
        // The colons of a bare IPv6 network are its own; with a port it is written in brackets, as in a URL.
        if (isSingleColon || (bracket >= 0 && colon > bracket))
        {
            destination = text[..colon];
            port = ParsePort(text, text[(colon + 1)..]);
        }
        destination = destination.Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);
        if (IPNetwork.TryParse(destination, out IPNetwork network))
        {
            return new AllowRule(network, port);
        }
        return IPAddress.TryParse(destination, out IPAddress? address)
            ? new AllowRule(new IPNetwork(address, address.GetAddressBytes().Length * 8), port)
            : throw new FormatException($"\"{text}\" is not CIDR, CIDR:port or host:port (like 10.1.0.0/16, 10.1.2.3/32:443, [fd00::]/8:443, host:5000)");
    }

    private static int ParsePort(string text, string port) =>
        int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value is > 0 and <= 65535
            ? value
            : throw new FormatException($"\"{text}\" ends in \"{port}\", which is not a port from 1 to 65535");
}
