namespace FleetingPlugin.Binding;

/// <summary>Says what of our contract has no place in a bound method.</summary>
internal static class GapFinder
{
    /// <param name="method">The method.</param>
    /// <param name="before">Calls that precede it and may have brought what it lacks.</param>
    public static IReadOnlyList<Gap> Of(MethodBinding method, IReadOnlyList<MethodBinding> before)
    {
        var gaps = new List<Gap>();
        if (method.Wire.ClientStreaming)
        {
            gaps.Add(new Gap($"{method.Canonical.Name}.request", true, $"method {method.Wire.Name} takes a stream of {method.Wire.Input} instead of one message"));
        }
        IEnumerable<BoundField> request = method.Request.Fields.Concat(before.SelectMany(call => call.Request.Fields));
        bool hasSettings = request.Any(field => field.Field.Name == "settings");
        Add(gaps, method, "request", method.Canonical.Request.Where(field => !(hasSettings && IsSetting(field))), [.. request], method.Request.Message.FullName);
        Add(gaps, method, "response", method.Canonical.Response, method.Response.Fields, method.Response.Message.FullName);
        return gaps;
    }

    private static void Add(List<Gap> gaps, MethodBinding method, string side, IEnumerable<CanonicalField> fields, IReadOnlyList<BoundField> bound, string message)
    {
        var groups = new HashSet<string>(bound.Select(field => field.Field.Group).OfType<string>());
        foreach (CanonicalField field in fields.Where(field => !bound.Any(other => other.Field.Name == field.Name)))
        {
            bool satisfied = field.Group is not null && groups.Contains(field.Group);
            // The other address is never filled by us; another lost credential is the operator's.
            if (field.Need == Need.Free || (satisfied && field.Group == "address"))
            {
                continue;
            }
            bool fatal = field.Need == Need.Required && !satisfied;
            gaps.Add(new Gap($"{method.Canonical.Name}.{side}.{(field.List is { } list && list != field.Name ? $"{list}." : "")}{field.Name}", fatal,
                $"message {message} of method {method.Wire.Name} has no field for {field.Name}"));
            if (fatal && field.Group is not null)
            {
                groups.Add(field.Group);
            }
        }
    }

    private static bool IsSetting(CanonicalField field) => BindingTable.Connector.Any(setting => setting.Name == field.Name);
}
