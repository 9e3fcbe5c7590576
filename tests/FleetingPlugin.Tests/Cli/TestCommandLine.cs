using System.CommandLine;

namespace FleetingPlugin.Tests.Cli;

/// <summary>Runs one command line as a person would, with its outputs captured.</summary>
internal static class TestCommandLine
{
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var exitCode = await FleetingPlugin.Cli.CommandLine.RunAsync(args, [new Command("zoo", "A command built elsewhere.")], output, error, CancellationToken.None);
        return (exitCode, output.ToString(), error.ToString());
    }
}
