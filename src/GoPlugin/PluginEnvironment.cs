using System.Globalization;

namespace GoPlugin;

/// <summary>What the host says to a plugin through environment variables (go-plugin's client.go sets them).</summary>
public sealed record PluginEnvironment
{
    private const string ProtocolVersionsName = "PLUGIN_PROTOCOL_VERSIONS";
    private const string MinPortName = "PLUGIN_MIN_PORT";
    private const string MaxPortName = "PLUGIN_MAX_PORT";
    private const string ClientCertificateName = "PLUGIN_CLIENT_CERT";
    private const string MultiplexName = "PLUGIN_MULTIPLEX_GRPC";
    private const string SocketDirectoryName = "PLUGIN_UNIX_SOCKET_DIR";
    private const string SocketGroupName = "PLUGIN_UNIX_SOCKET_GROUP";

    /// <summary>The application protocol version to answer: the highest one offered, 1 when none can be read.</summary>
    public int AppVersion { get; init; } = 1;

    /// <summary>The host's certificate in PEM form; null without AutoMTLS.</summary>
    public string? ClientCertificatePem { get; init; }

    /// <summary>Whether the host asked for a multiplexed broker; the handshake then says that there is none.</summary>
    public bool MultiplexRequested { get; init; }

    /// <summary>Where sockets are to be made.</summary>
    public string SocketDirectory { get; init; } = "/tmp";

    /// <summary>The group, by name or number, that may connect; null for only this user.</summary>
    public string? SocketGroup { get; init; }

    /// <summary>
    /// Whether this process was started by a go-plugin host: no arguments, and go-plugin's own variables are there. The
    /// application's magic cookie is not asked for.
    /// </summary>
    /// <param name="args">The program's arguments.</param>
    /// <param name="environment">Looks a variable up; null reads this process's environment.</param>
    public static bool IsServed(IReadOnlyCollection<string> args, Func<string, string?>? environment = null)
    {
        ArgumentNullException.ThrowIfNull(args);
        var lookUp = environment ?? Environment.GetEnvironmentVariable;
        // Empty counts as present: a host without versions still sets the variable.
        return args.Count == 0
            && (lookUp(ProtocolVersionsName) ?? lookUp(MinPortName) ?? lookUp(MaxPortName) ?? lookUp(ClientCertificateName)) is not null;
    }

    /// <summary>Reads the host's variables.</summary>
    /// <param name="environment">Looks a variable up; null reads this process's environment.</param>
    public static PluginEnvironment Read(Func<string, string?>? environment = null)
    {
        var lookUp = environment ?? Environment.GetEnvironmentVariable;
        return new PluginEnvironment
        {
            AppVersion = HighestVersion(lookUp(ProtocolVersionsName)),
            ClientCertificatePem = NullIfEmpty(lookUp(ClientCertificateName)),
            MultiplexRequested = NullIfEmpty(lookUp(MultiplexName)) is not null,
            SocketDirectory = NullIfEmpty(lookUp(SocketDirectoryName)) ?? NullIfEmpty(lookUp("TMPDIR")) ?? "/tmp",
            SocketGroup = NullIfEmpty(lookUp(SocketGroupName)),
        };
    }

    private static int HighestVersion(string? offered)
    {
        // The host writes them in no order (a Go map's).
        var highest = -1;
        foreach (var item in (offered ?? "").Split(','))
        {
            if (int.TryParse(item.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
            {
                highest = Math.Max(highest, version);
            }
        }

        return highest < 0 ? 1 : highest;
    }

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
