using System.CommandLine;

namespace FleetingPlugin.Cli;

/// <summary><c>licenses</c>: every third-party component of this executable with its licence text.</summary>
internal static class LicensesCommand
{
    private const int RuleWidth = 79;

    /// <summary>The command.</summary>
    public static Command Build()
    {
        var command = new Command("licenses", """
            Print every third-party component contained in this executable, with its licence text.

            First a list (component, version, licence, source), then each text once. The output is
            long: fleeting-plugin-vmpool licenses | less
            """);
        command.SetAction(parsed => Print(parsed.InvocationConfiguration.Output));
        return command;
    }

    private static int Print(TextWriter output)
    {
        output.WriteLine($"{BuildStamp.Product} {BuildStamp.Version} is licensed under Apache-2.0 and contains:");
        output.WriteLine();
        foreach (var component in ThirdParty.Components)
        {
            output.WriteLine($"  {component.Name} {component.Version}, {component.License}, {component.Source}");
        }

        foreach (var sharing in ThirdParty.Components.SelectMany(component => component.Texts.Select(text => (component.Name, Text: text))).GroupBy(pair => pair.Text, pair => pair.Name))
        {
            output.WriteLine();
            output.WriteLine(new string('=', RuleWidth));
            output.WriteLine(string.Join(", ", sharing));
            output.WriteLine(new string('=', RuleWidth));
            output.WriteLine();
            output.WriteLine(ThirdParty.Text(sharing.Key).TrimEnd());
        }

        return 0;
    }
}
