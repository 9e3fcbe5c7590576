using FleetingPlugin.HostContract;
using Microsoft.Extensions.Logging;

namespace FleetingPlugin.Binding;

/// <summary>Tells the log what an operator should know of a binding: what is missing, and what was bound by structure alone.</summary>
internal static class BindingReport
{
    public static void Log(ContractBinding binding, ILogger log)
    {
        foreach (Gap gap in binding.Gaps)
        {
            if (gap.IsFatal)
            {
                log.RequiredGap(gap.Subject, gap.Text, binding.Contract.FileName, binding.Origin);
            }
            else
            {
                log.Gap(gap.Subject, gap.Text, binding.Contract.FileName, binding.Origin);
            }
        }
        foreach (MethodBinding method in binding.Methods.Concat(binding.Configure))
        {
            foreach (BoundField field in method.Request.Fields.Concat(method.Response.Fields).Where(field => field.Rule == Rule.Structure))
            {
                log.BoundByStructure(method.Wire.Name, field.Field.Name, field.Place);
            }
        }
    }

    /// <summary>States that an enum of the contract lacks and what is said instead, "timeout as deleted".</summary>
    public static IEnumerable<string> ReplacedStates(ContractBinding binding) => binding.Methods
        .SelectMany(method => method.Response.Fields)
        .Where(field => field.Field.Kind == ValueKind.State)
        .Select(field => field.Position?.Field.Enum)
        .OfType<WireEnum>()
        .SelectMany(EnumWords.Replaced)
        .Select(pair => $"{pair.State} as {pair.Instead}");
}
