using FleetingPlugin.HostContract;

namespace FleetingPlugin.Binding;

/// <summary>By which rule a field was bound.</summary>
internal enum Rule
{
    /// <summary>Same name.</summary>
    Name,

    /// <summary>A name of the table.</summary>
    Synonym,

    /// <summary>A name of the table, put together from the field and the one around it.</summary>
    Qualified,

    /// <summary>The only field of a fitting type.</summary>
    Structure,
}

/// <summary>A field of our contract and its place in the found one.</summary>
/// <param name="Field">The row of the table.</param>
/// <param name="Position">The place; null for the message as a whole (a request that is a Struct).</param>
/// <param name="Rule">How it was found.</param>
internal sealed record BoundField(CanonicalField Field, Position? Position, Rule Rule)
{
    public string Place => Position?.ToString() ?? "(the message itself)";
}

/// <summary>One message of the found contract with everything bound in it.</summary>
internal sealed record BoundMessage(WireMessage Message, IReadOnlyList<BoundField> Fields)
{
    public bool Has(string field) => Fields.Any(bound => bound.Field.Name == field);
}
