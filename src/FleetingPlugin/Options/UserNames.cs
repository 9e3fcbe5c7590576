using System.Text.RegularExpressions;

namespace FleetingPlugin.Options;

/// <summary>Login names that the image can create with uid 1000.</summary>
internal static partial class UserNames
{
    /// <summary>The rule in words.</summary>
    public const string Expected = "a user name: a-z or _ first, then up to 31 of a-z, 0-9, _ and -; no system account";

    // Debian's fixed accounts: useradd would refuse them only inside the preparation boot, minutes later.
    private static readonly HashSet<string> SystemAccounts =
    [
        "root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp", "proxy", "www-data", "backup", "list", "irc", "nobody",
    ];

    /// <summary>What speaks against a name; null when nothing does.</summary>
    public static string? Objection(string name) =>
        !Pattern().IsMatch(name) ? ""
        : SystemAccounts.Contains(name) ? $"\"{name}\" is a system account"
        : null;

    [GeneratedRegex(@"\A[a-z_][a-z0-9_-]{0,31}\z")]
    private static partial Regex Pattern();
}
