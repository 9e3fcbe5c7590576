namespace LinuxHost;

/// <summary>
/// The environment of every process we start. The runner's own environment never reaches a child: it carries go-plugin's
/// variables (PLUGIN_*, a certificate among them), the handshake cookie and whatever the operator exported.
/// </summary>
public static class CleanEnvironment
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>PATH with the system directories always present, C.UTF-8, and HOME.</summary>
    public static IReadOnlyDictionary<string, string> Variables { get; } = new Dictionary<string, string>
    {
        ["PATH"] = DefaultPath,
        ["LC_ALL"] = "C.UTF-8",
        ["HOME"] = "/root",
    };
}
