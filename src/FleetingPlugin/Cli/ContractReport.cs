using FleetingPlugin.Binding;
using FleetingPlugin.HostContract;

namespace FleetingPlugin.Cli;

/// <summary>One canonical field and its place.</summary>
internal sealed record BoundLine(string Field, string Place, int Number, string Rule);

/// <summary>One canonical field or method without a place.</summary>
internal sealed record GapLine(string Field, bool Required, string Text);

/// <summary>Everything `contract` tells, in the order it is printed.</summary>
internal sealed record ContractReport(
    string? Service, string? File, string? Executable, string? Proto, IReadOnlyList<BoundLine> Bound,
    IReadOnlyList<string> ReplacedStates, IReadOnlyList<GapLine> Gaps, IReadOnlyList<string> Unserved, IReadOnlyList<SourceAttempt> Sources)
{
    public static ContractReport Of(ContractSearchResult result, ContractBinding? binding)
    {
        if (binding is null)
        {
            return new ContractReport(null, null, null, null, [], [], [], [], result.Attempts);
        }
        IEnumerable<MethodBinding> methods = binding.Configure.Concat(binding.Methods);
        HashSet<string> served = [.. methods.Select(method => method.Wire.Name)];
        return new ContractReport(
            binding.Contract.Service.FullName, binding.Contract.FileName, binding.Origin, ProtoPrinter.Print(binding.Contract),
            [.. methods.SelectMany(method => Lines(method, "request", method.Request).Concat(Lines(method, "response", method.Response)))],
            [.. BindingReport.ReplacedStates(binding)],
            [.. binding.Gaps.Select(gap => new GapLine(gap.Subject, gap.IsFatal, gap.Text))],
            [.. binding.Contract.Service.Methods.Where(method => !served.Contains(method.Name)).Select(method => method.Name)],
            result.Attempts);
    }

    private static IEnumerable<BoundLine> Lines(MethodBinding method, string side, BoundMessage message) => message.Fields.Select(field => new BoundLine(
        $"{method.Canonical.Name}.{side}.{(field.Field.List is { } list && list != field.Field.Name ? $"{list}." : "")}{field.Field.Name}",
        $"{message.Message.FullName}.{field.Place}",
        field.Position?.Field.Number ?? 0,
        field.Rule switch
        {
            Rule.Name => "name",
            Rule.Synonym => "synonym",
            Rule.Qualified => "qualified name",
            _ => "structure",
        }));
}
