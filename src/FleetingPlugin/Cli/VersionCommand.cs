using System.CommandLine;
using System.Runtime.InteropServices;

namespace FleetingPlugin.Cli;

/// <summary><c>version</c>, also spelled <c>--version</c> and <c>-version</c>: the runner and its tests look for the line "Version:".</summary>
internal static class VersionCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var command = new Command("version", """
            Print name, version, source revision, runtime and build date.

            Same as --version and -version, which fleeting's tools use.
            """);
        command.SetAction(parsed => Print(parsed.InvocationConfiguration.Output));
        return command;
    }

    /// <summary>Prints the lines that fleeting's own plugins print.</summary>
    public static int Print(TextWriter output)
    {
        output.WriteLine(BuildStamp.Product);
        output.WriteLine($"Version:  {BuildStamp.Version}");
        output.WriteLine($"Revision: {BuildStamp.Revision}");
        output.WriteLine($"Built:    {BuildStamp.BuildDate}");
        output.WriteLine($"Runtime:  {RuntimeInformation.FrameworkDescription}");
        output.WriteLine($"Platform: {BuildStamp.Platform}");
        return 0;
    }
}
