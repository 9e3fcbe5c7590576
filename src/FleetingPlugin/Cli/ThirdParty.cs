namespace FleetingPlugin.Cli;

/// <summary>One component in the published executable that others wrote.</summary>
/// <param name="Name">Its name; for a NuGet package its id.</param>
/// <param name="Version">Its version.</param>
/// <param name="License">SPDX identifier.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="Texts">Files below Licenses/ that hold its licence and notices.</param>
internal sealed record ThirdPartyComponent(string Name, string Version, string License, string Source, params string[] Texts);

/// <summary>Everything in the published executable that others wrote; a test compares this with what the build uses.</summary>
internal static class ThirdParty
{
    // The runtime is published with the executable: its version is the one that is running.
    private static readonly string Runtime = Environment.Version.ToString();

    /// <summary>All components.</summary>
    public static IReadOnlyList<ThirdPartyComponent> Components { get; } =
    [
        new("Microsoft.NETCore.App.Runtime", Runtime, "MIT", "https://github.com/dotnet/dotnet", "dotnet-mit.txt", "dotnet-runtime-notices.txt"),
        new("Microsoft.AspNetCore.App.Runtime", Runtime, "MIT", "https://github.com/dotnet/dotnet", "dotnet-mit.txt", "aspnetcore-notices.txt"),
        new("Microsoft.Extensions.Logging.Abstractions", Runtime, "MIT", "https://github.com/dotnet/dotnet (as part of Microsoft.AspNetCore.App.Runtime)", "dotnet-mit.txt"),
        new("System.CommandLine", "3.0.0", "MIT", "https://github.com/dotnet/dotnet", "dotnet-mit.txt"),
        new("Google.Protobuf", "3.25.1", "BSD-3-Clause", "https://github.com/protocolbuffers/protobuf", "google-protobuf-bsd.txt"),
        new("YamlDotNet", "16.3.0", "MIT", "https://github.com/aaubry/YamlDotNet", "yamldotnet-mit.txt"),
    ];

    /// <summary>The content of a file below Licenses/.</summary>
    public static string Text(string file)
    {
        using var stream = typeof(ThirdParty).Assembly.GetManifestResourceStream("Licenses/" + file)
            ?? throw new InvalidOperationException($"licence text {file} is missing from this executable");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
