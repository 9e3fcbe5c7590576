using System.Reflection;
using System.Runtime.InteropServices;

namespace FleetingPlugin;

/// <summary>What this build is.</summary>
internal static class BuildFacts
{
    public const string Name = "fleeting-plugin-vmpool";

    /// <summary>Semantic version without build metadata.</summary>
    public static string Version => Informational.Split('+')[0];

    /// <summary>Short commit the binary was built from; "unknown" outside a repository.</summary>
    public static string Revision => Informational.Split('+') is [_, { Length: > 0 } revision, ..] ? revision[..Math.Min(8, revision.Length)] : "unknown";

    /// <summary>One line for logs and ProviderInfo.</summary>
    public static string Description => $"{Name} {Version} ({Revision}, {RuntimeInformation.FrameworkDescription}, linux/{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()})";

    private static string Informational =>
        typeof(BuildFacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
}
