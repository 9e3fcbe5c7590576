using System.Text;
using FleetingPlugin.Contract;
using FleetingPlugin.Options;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using VmPool.Instances;

namespace FleetingPlugin.Fleeting;

/// <summary>The connection data that goes back to the runner: what the operator set, and ours where he set nothing.</summary>
internal static class ConnectorMapping
{
    /// <summary>Connector settings of one instance.</summary>
    public static ConnectorConfig ToWire(ConnectorSettings operators, InstanceConnection connection)
    {
        ConnectorSettings settings = operators.Effective(connection.User);
        var wire = new ConnectorConfig
        {
            Os = settings.Os,
            Arch = settings.Arch,
            Protocol = settings.Protocol,
            ProtocolPort = settings.ProtocolPort,
            Username = settings.Username,
            Password = settings.Password,
            Key = KeyOf(settings, connection),
            UseStaticCredentials = settings.UseStaticCredentials,
        };
        // A duration nobody set stays absent: the runner then uses its own default.
        if (settings.Keepalive > TimeSpan.Zero)
        {
            wire.Keepalive = Duration.FromTimeSpan(settings.Keepalive);
        }
        if (settings.Timeout > TimeSpan.Zero)
        {
            wire.Timeout = Duration.FromTimeSpan(settings.Timeout);
        }
        return wire;
    }

    private static ByteString KeyOf(ConnectorSettings settings, InstanceConnection connection) =>
        settings.Key.IsEmpty && !settings.UseStaticCredentials
            ? ByteString.CopyFrom(connection.PrivateKey, Encoding.ASCII)
            : ByteString.CopyFrom(settings.Key.Span);
}
