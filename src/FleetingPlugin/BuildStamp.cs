using System.Reflection;
using System.Runtime.InteropServices;

namespace FleetingPlugin;

/// <summary>What this executable was built from; <c>version</c> prints it and Init reports it to the runner.</summary>
internal static class BuildStamp
{
    /// <summary>Name of the product and of its executable.</summary>
    public const string Product = "fleeting-plugin-vmpool";

    private static readonly string Informational =
        typeof(BuildStamp).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    /// <summary>Semantic version.</summary>
    public static string Version { get; } = Informational.Split('+')[0];

    /// <summary>Source revision; "unknown" when it was not built from a repository.</summary>
    public static string Revision { get; } = Informational.Contains('+', StringComparison.Ordinal) ? Informational.Split('+', 2)[1] : "unknown";

    /// <summary>The BuildDate that the release gave to the build (RFC 3339); builds are reproducible, so nothing else could know it.</summary>
    public static string BuildDate { get; } = typeof(BuildStamp).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(metadata => metadata.Key == "BuildDate")?.Value ?? "unknown (not a release build)";

    /// <summary>Platform in Go's words, as fleeting's own plugins print it.</summary>
    public static string Platform { get; } = "linux/" + (RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64");

    /// <summary>One line for the runner's log.</summary>
    public static string Summary { get; } = $"revision={Revision}; built={BuildDate}; runtime={RuntimeInformation.FrameworkDescription}; platform={Platform}";
}
