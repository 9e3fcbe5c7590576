using System.Runtime.InteropServices;
using FleetingPlugin.Contract;

namespace FleetingPlugin.Options;

/// <summary>The operator's connector_config as the runner sends it; an empty field was not set.</summary>
/// <remarks>What the operator set always wins; <see cref="Effective"/> fills only what is empty.</remarks>
internal sealed record ConnectorSettings
{
    /// <summary>Operating system of the guest; empty means linux.</summary>
    public string Os { get; init; } = "";

    /// <summary>Architecture in Go's word; empty means the host's.</summary>
    public string Arch { get; init; } = "";

    /// <summary>Empty or ssh: our guests speak nothing else.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>Port in the guest; 0 means 22.</summary>
    public int ProtocolPort { get; init; }

    /// <summary>Login user; empty means vm_user.</summary>
    public string Username { get; init; } = "";

    /// <summary>Password for the login, if the operator wants one.</summary>
    public string Password { get; init; } = "";

    /// <summary>Content of key_path, a private key in PEM; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>Use <see cref="Key"/> and <see cref="Password"/> as they are and never create credentials.</summary>
    public bool UseStaticCredentials { get; init; }

    /// <summary>SSH keepalive period; zero leaves it to the runner.</summary>
    public TimeSpan Keepalive { get; init; }

    /// <summary>How long the runner retries dialling; zero leaves it to the runner.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>Whether every instance gets a key pair of its own: not with static credentials, and not when the operator gave a key.</summary>
    public bool CreatesKeys => !UseStaticCredentials && Key.IsEmpty;

    /// <summary>From the wire; an absent message means nothing was set.</summary>
    public static ConnectorSettings From(ConnectorConfig? config) => config is null ? new() : new()
    {
        Os = config.Os,
        Arch = config.Arch,
        Protocol = config.Protocol,
        ProtocolPort = config.ProtocolPort,
        Username = config.Username,
        Password = config.Password,
        Key = config.Key.IsEmpty ? default : config.Key.Memory,
        UseStaticCredentials = config.UseStaticCredentials,
        Keepalive = config.Keepalive?.ToTimeSpan() ?? TimeSpan.Zero,
        Timeout = config.Timeout?.ToTimeSpan() ?? TimeSpan.Zero,
    };

    /// <summary>Everything wrong with these settings, each with key, value and bound; secrets are never shown.</summary>
    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        if (Protocol is not ("" or "ssh"))
        {
            faults.Add($"connector_config.protocol = \"{Protocol}\": expected \"ssh\"; the VMs run Linux with an SSH server");
        }

        if (ProtocolPort is < 0 or > 65535)
        {
            faults.Add($"connector_config.protocol_port = {ProtocolPort}: expected a port from 1 to 65535, or 0 for 22");
        }

        if (Username.Length > 0 && UserNames.Objection(Username) is { } reason)
        {
            faults.Add($"connector_config.username = \"{Username}\": expected {UserNames.Expected}" + (reason.Length == 0 ? "" : $"; {reason}"));
        }

        AddIfNegative("keepalive", Keepalive, faults);
        AddIfNegative("timeout", Timeout, faults);
        if (!Key.IsEmpty && PrivateKeyPem.Objection(Key.Span) is { } objection)
        {
            faults.Add($"connector_config.key_path: {objection}");
        }
        else if (UseStaticCredentials && Key.IsEmpty && Password.Length == 0)
        {
            faults.Add("connector_config.use_static_credentials = true: expected key_path or password as well; without one nobody could log in");
        }

        return faults;
    }

    /// <summary>These settings with every empty field filled that a connection needs.</summary>
    /// <param name="user">The group's login user, used if the operator named none.</param>
    public ConnectorSettings Effective(string user) => this with
    {
        Os = Os.Length > 0 ? Os : "linux",
        Arch = Arch.Length > 0 ? Arch : RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64",
        Protocol = Protocol.Length > 0 ? Protocol : "ssh",
        ProtocolPort = ProtocolPort > 0 ? ProtocolPort : 22,
        Username = Username.Length > 0 ? Username : user,
    };

    /// <summary>For logs: no password, no key.</summary>
    public override string ToString() =>
        $"{Protocol} {Username} port {ProtocolPort}, {(Key.IsEmpty ? "no key" : "key")}, {(Password.Length == 0 ? "no password" : "password")}, static credentials {UseStaticCredentials}";

    private static void AddIfNegative(string key, TimeSpan value, List<string> faults)
    {
        if (value < TimeSpan.Zero)
        {
            faults.Add($"connector_config.{key} = \"{GoDuration.Format(value)}\": expected a duration that is not negative");
        }
    }
}
