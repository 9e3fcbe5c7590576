using System.Diagnostics;

namespace GoPlugin.Tests;

/// <summary>What .NET does not tell about a file.</summary>
internal static class Stat
{
    public static string GroupOf(string path)
    {
#pragma warning disable RS0030 // Tests of a project that knows nothing of ours start processes themselves.
        using var stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%g", path]) { RedirectStandardOutput = true })!;
#pragma warning restore RS0030
        return stat.StandardOutput.ReadToEnd().Trim();
    }
}
