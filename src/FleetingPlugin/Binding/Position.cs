using FleetingPlugin.HostContract;

namespace FleetingPlugin.Binding;

/// <summary>One place in a message where a value can stand: the fields that lead to it, and the names it answers to.</summary>
internal sealed class Position
{
    private const int MaxDepth = 6;
    private const int MaxPositions = 2000;

    private Position(WireField[] path)
    {
        Path = path;
        WireField last = path[^1];
        Own = [FieldNames.Normal(last.Name), FieldNames.WithoutUnit(last.Name)];
        string? parent = path[..^1].Select(field => FieldNames.Normal(field.Name)).LastOrDefault(name => !FieldNames.IsGeneric(name));
        if (last.Owner.IsMapEntry)
        {
            Own = last.Name == "key" ? ["mapkey"] : ["mapvalue"];
        }
        else if (FieldNames.IsGeneric(Own[0]) && path is [.., { Owner.IsMapEntry: true }, _])
        {
            Own = ["mapvalue"];
        }
        else if (FieldNames.IsGeneric(Own[0]) && parent is not null)
        {
            Own = [parent];
        }
        Qualified = parent is null ? [] : [.. Own.Select(own => parent + own), .. Own.Select(own => own + parent)];
        Repeats = path.Count(field => field.Repeated);
    }

    /// <summary>From the message inwards; the last one holds the value.</summary>
    public WireField[] Path { get; }

    /// <summary>The field's own names, or its parent's where its own says nothing.</summary>
    public string[] Own { get; }

    /// <summary>Own name together with the parent's, in both orders.</summary>
    public string[] Qualified { get; }

    /// <summary>How many fields of the path are repeated.</summary>
    public int Repeats { get; }

    public WireField Field => Path[^1];

    public WireField? Anchor => Array.Find(Path, step => step.Repeated);

    public override string ToString() => string.Join('.', Path.Select(field => field.Name));

    /// <summary>All places of a message, nested ones included; bounded, whatever the contract.</summary>
    public static List<Position> Of(WireMessage message)
    {
        var found = new List<Position>();
        Visit(message, [], found);
        return found;
    }

    private static void Visit(WireMessage message, WireField[] before, List<Position> found)
    {
        foreach (WireField field in message.Fields)
        {
            if (found.Count == MaxPositions)
            {
                return;
            }
            WireField[] path = [.. before, field];
            found.Add(new Position(path));
            // Messages that are one value, and messages inside themselves, are not entered.
            if (field.Message is { } inner && path.Length < MaxDepth && !path.Any(step => step.Owner == inner)
                && inner.FullName is not (WellKnownTypes.Duration or WellKnownTypes.Timestamp or WellKnownTypes.Any))
            {
                Visit(inner, path, found);
            }
        }
    }
}
