using FleetingPlugin.HostContract;

namespace FleetingPlugin.Binding;

/// <summary>The found contract bound to ours: for each of its methods what it is, and everything that has no place.</summary>
/// <param name="Contract">The found contract.</param>
/// <param name="Origin">The file it comes from.</param>
/// <param name="Methods">Bound methods, in our order.</param>
/// <param name="Configure">Calls that bring configuration before Init.</param>
/// <param name="Gaps">What is missing.</param>
internal sealed record ContractBinding(
    WireContract Contract, string Origin, IReadOnlyList<MethodBinding> Methods, IReadOnlyList<MethodBinding> Configure, IReadOnlyList<Gap> Gaps)
{
    /// <summary>Binds a contract.</summary>
    public static ContractBinding Create(WireContract contract, string origin)
    {
        var unused = contract.Service.Methods.ToList();
        var methods = new List<MethodBinding>();
        var missing = new List<CanonicalMethod>();
        foreach (CanonicalMethod canonical in BindingTable.Methods)
        {
            if (canonical.Names.Select(name => unused.Find(method => FieldNames.Normal(method.Name) == name)).FirstOrDefault(method => method is not null) is { } wire)
            {
                unused.Remove(wire);
                methods.Add(MethodBinder.Bind(contract, canonical, wire));
            }
            else
            {
                missing.Add(canonical);
            }
        }
        // What takes configuration is a call that precedes Init, whatever its name.
        CanonicalMethod init = BindingTable.Methods[0];
        List<MethodBinding> configure = [.. unused.Select(wire => MethodBinder.Bind(contract, init, wire))
            .Where(binding => TakesConfiguration(binding, BindingTable.ConfigureNames.Contains(FieldNames.Normal(binding.Wire.Name))))];
        if (missing.Remove(init) && configure.Count > 0)
        {
            // Without an Init the configuration call opens the group.
            methods.Insert(0, configure[0]);
            configure.RemoveAt(0);
        }
        else if (methods.Count > 0 && methods[0].Canonical != init)
        {
            missing.Insert(0, init);
        }

        var gaps = missing.Select(method => new Gap(method.Name, false, $"service {contract.Service.FullName} has no method {method.Name}")).ToList();
        for (var at = 0; at < methods.Count; at++)
        {
            IReadOnlyList<Gap> own = GapFinder.Of(methods[at], methods[at].Canonical == init ? configure : []);
            gaps.AddRange(own);
            methods[at] = methods[at] with { Fatal = [.. own.Where(gap => gap.IsFatal)] };
        }
        return new ContractBinding(contract, origin, methods, configure, gaps);
    }

    // A method of any other name must say so in a field's name: "payload" alone may be anything.
    private static bool TakesConfiguration(MethodBinding binding, bool named) => binding.Request.Fields.Any(field =>
        named || (field.Field.Kind == ValueKind.Json && field.Rule != Rule.Structure && field.Position!.Path.Any(step => SaysConfiguration(step.Name))));

    private static bool SaysConfiguration(string name) => FieldNames.WordsOf(name).Any(word => word is "config" or "configuration" or "settings");
}
