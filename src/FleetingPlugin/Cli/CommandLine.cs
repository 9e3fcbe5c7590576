using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace FleetingPlugin.Cli;

/// <summary>The command line of a person; the runner starts the plugin without arguments.</summary>
internal static class CommandLine
{
    private const string Description = """
        A fresh virtual machine on this host for every GitLab CI job.

        GitLab Runner starts this program by itself, without arguments, when config.toml has
        plugin = "fleeting-plugin-vmpool" under [runners.autoscaler]. The commands here are for people.

        Getting started:
          fleeting-plugin-vmpool toml > config.toml     a complete configuration, every line explained
          fleeting-plugin-vmpool COMMAND --help         everything about one command

        Every key of plugin_config is described in docs/configuration.md.
        """;

    /// <summary>The root with the commands of this folder and <paramref name="others"/>, in alphabetical order.</summary>
    public static RootCommand Build(IEnumerable<Command> others)
    {
        var root = new RootCommand(Description);
        root.Options.Remove(root.Options.First(option => option is VersionOption));
        root.Options.Add(new Option<bool>("--version") { Description = "Same as the command version", Action = new PrintVersion() });
        root.Options.Add(new Option<bool>("-version") { Hidden = true, Action = new PrintVersion() });
        foreach (var command in ((Command[])[TomlCommand.Build(), VersionCommand.Build(), LicensesCommand.Build(), .. others]).OrderBy(command => command.Name, StringComparer.Ordinal))
        {
            root.Add(command);
        }

        // Without a command there is nothing to do but to say what there is.
        root.SetAction(parsed => Hint(parsed.InvocationConfiguration.Error));
        return root;
    }

    /// <summary>Parses and runs; returns the exit code.</summary>
    /// <param name="args">At least one argument.</param>
    /// <param name="others">Commands that are built elsewhere.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="token">Ends a running command.</param>
    public static Task<int> RunAsync(IReadOnlyList<string> args, IEnumerable<Command> others, TextWriter output, TextWriter error, CancellationToken token)
    {
        var parsed = Build(others).Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            return Task.FromResult(Refuse(parsed, error));
        }

        return parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            // Its own handling of signals would race with ours.
            ProcessTerminationTimeout = null,
        }, token);
    }

    /// <summary>For somebody who starts the plugin by hand without arguments.</summary>
    /// <returns>The exit code, 1.</returns>
    public static int Hint(TextWriter error)
    {
        error.WriteLine($"{BuildStamp.Product} {BuildStamp.Version} is a GitLab Runner plugin: the runner starts it by itself.");
        error.WriteLine($"Try `{BuildStamp.Product} toml` for a complete config.toml, or `{BuildStamp.Product} --help` for all commands.");
        return 1;
    }

    // One line, like every other error: the whole help would push it out of sight.
    private static int Refuse(ParseResult parsed, TextWriter error)
    {
        var names = new Stack<string>();
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult { Command: not RootCommand } command; at = at.Parent)
        {
            names.Push(command.Command.Name);
        }

        var faults = string.Join("; ", parsed.Errors.Select(fault => fault.Message.TrimEnd('.').ReplaceLineEndings(" ")));
        error.WriteLine($"{BuildStamp.Product}: {faults}; see `{string.Join(' ', names.Prepend(BuildStamp.Product))} --help`");
        return 1;
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        // `--version` beside a command would otherwise print the version and run nothing.
        public override bool Terminating => true;

        public override int Invoke(ParseResult parseResult) => VersionCommand.Print(parseResult.InvocationConfiguration.Output);
    }
}
