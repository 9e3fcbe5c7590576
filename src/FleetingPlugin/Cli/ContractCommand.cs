using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using FleetingPlugin.Binding;
using FleetingPlugin.HostContract;
using Microsoft.Extensions.Logging.Abstractions;

namespace FleetingPlugin.Cli;

/// <summary>`contract [FILE] [--json]`: which contract a runner speaks, and how well we understand it.</summary>
internal static class ContractCommand
{
    /// <summary>Every field has its place.</summary>
    public const int FullyBound = 0;

    /// <summary>Something of our contract has no place.</summary>
    public const int WithGaps = 2;

    /// <summary>No contract.</summary>
    public const int NothingFound = 3;

    public static Command Create()
    {
        var file = new Argument<string?>("FILE")
        {
            Description = "gitlab-runner, another fleeting plugin, a .proto or a descriptor set; without it what a start here would find, then gitlab-runner on PATH",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var json = new Option<bool>("--json") { Description = "one JSON object" };
        var command = new Command("contract", "show the fleeting contract of an installed runner and what is bound to it") { file, json };
        command.SetAction(parsed => Run(parsed.GetValue(file), parsed.GetValue(json), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return command;
    }

    /// <summary>Prints and returns the exit code.</summary>
    public static int Run(string? file, bool json, TextWriter output, TextWriter errors)
    {
        // The question is what the file says, not what was remembered.
        ContractSearchResult result = new ContractSearch(cache: null, NullLogger.Instance).Run(
            file is null ? Sources() : [new ContractSource("file", file, IsOrdered: true)], CancellationToken.None);
        ContractBinding? binding = result.Found is { } found ? ContractBinding.Create(found.Highest, found.Origin) : null;
        ContractReport report = ContractReport.Of(result, binding);
        if (json)
        {
            output.WriteLine(JsonSerializer.Serialize(report, ContractJson.Default.ContractReport));
        }
        else if (binding is null)
        {
            errors.WriteLine(result.Explanation);
        }
        else
        {
            Print(report, output);
        }
        return binding is null ? NothingFound : binding.Gaps.Count > 0 ? WithGaps : FullyBound;
    }

    private static IEnumerable<ContractSource> Sources()
    {
        IEnumerable<string> path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return ContractSources.InOrder(Environment.GetEnvironmentVariable, ContractSources.ParentOf(Environment.ProcessId))
            .Concat(path.Select(directory => Path.Combine(directory, "gitlab-runner")).Where(File.Exists).Take(1).Select(runner => new ContractSource("PATH", runner)));
    }

    private static void Print(ContractReport report, TextWriter output)
    {
        output.WriteLine($"// {report.Service}, from {report.File} in {report.Executable}");
        output.WriteLine(report.Proto);
        int width = report.Bound.Count == 0 ? 0 : report.Bound.Max(bound => bound.Field.Length);
        foreach (BoundLine bound in report.Bound)
        {
            output.WriteLine($"{bound.Field.PadRight(width)}  {bound.Place} = {bound.Number.ToString(CultureInfo.InvariantCulture)}, by {bound.Rule}");
        }
        foreach (string state in report.ReplacedStates)
        {
            output.WriteLine($"state {state}");
        }
        foreach (GapLine gap in report.Gaps)
        {
            output.WriteLine($"{(gap.Required ? "MISSING" : "missing")} {gap.Field}: {gap.Text}");
        }
        foreach (string method in report.Unserved)
        {
            output.WriteLine($"unserved {method}: answered Unimplemented");
        }
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ContractReport))]
internal sealed partial class ContractJson : JsonSerializerContext;
