using FleetingPlugin.HostContract;

namespace FleetingPlugin.Binding;

/// <summary>Finds the places of rows in one message. The best matches are taken first, and no place is used twice.</summary>
internal sealed class MessageBinder
{
    private readonly WireMessage message;
    private readonly List<Position> positions;
    private readonly List<BoundField> bound = [];

    private MessageBinder(WireMessage message)
    {
        this.message = message;
        positions = Position.Of(message);
    }

    /// <summary>Binds plain fields and lists.</summary>
    /// <param name="message">The found message.</param>
    /// <param name="fields">Rows of the table.</param>
    /// <param name="oneItem">The message is one item of the rows' list (a stream or a callback), not the whole list.</param>
    public static BoundMessage Bind(WireMessage message, IReadOnlyList<CanonicalField> fields, bool oneItem = false)
    {
        var binder = new MessageBinder(message);
        CanonicalField[] plain = [.. fields.Where(field => oneItem || field.List is null)];
        // Lists first: their required members may not lose their place to a wish.
        foreach (IGrouping<string, CanonicalField> list in fields.Except(plain).GroupBy(field => field.List!))
        {
            binder.BindList([.. list]);
        }
        List<Position> single = [.. binder.positions.Where(position => position.Repeats == 0)];
        binder.bound.AddRange(ByName(plain, single));
        binder.bound.AddRange(ByStructure(plain, single, binder.bound));
        if (plain.FirstOrDefault(field => field.Kind == ValueKind.Json && field.Need == Need.Required) is { } json
            && ValueKinds.IsJsonMessage(message) && !binder.bound.Exists(field => field.Field == json))
        {
            binder.bound.Add(new BoundField(json, null, Rule.Structure));
        }
        return new BoundMessage(message, [.. binder.bound.Select(binder.Alone)]);
    }

    // Where one address is all there is, it carries the one we have.
    private BoundField Alone(BoundField field) =>
        field.Field.GetAlone is { } alone && bound.TrueForAll(other => other == field || other.Field.Group != field.Field.Group)
            ? field with { Field = field.Field with { Get = alone } }
            : field;

    private void BindList(CanonicalField[] members)
    {
        List<Position> repeated = [.. positions.Where(position => position.Repeats == 1)];
        // Items are messages (or a map's entries): all members stand under the same repeated field.
        var places = repeated.GroupBy(position => position.Anchor!).Select(group => group.ToList())
            // Or each member has a list of its own, all in step.
            .Append([.. repeated.Where(position => position.Field.Repeated)])
            .ToList();
        foreach (bool byStructure in new[] { false, true })
        {
            List<BoundField>? best = places
                .Select(place =>
                {
                    List<BoundField> named = ByName(members, place);
                    return byStructure ? [.. named, .. ByStructure(members, place, named)] : named;
                })
                .Where(candidate => candidate.Count == members.Length)
                .OrderBy(candidate => candidate.Max(field => field.Rule))
                .ThenBy(candidate => candidate.Min(field => field.Position!.Path.Length))
                .FirstOrDefault();
            if (best is not null && !(byStructure && members[0].Need != Need.Required))
            {
                bound.AddRange(best);
                return;
            }
        }
    }

    private static List<BoundField> ByName(IReadOnlyList<CanonicalField> fields, List<Position> places)
    {
        var matches =
            from field in fields
            from place in places
            where ValueKinds.Fits(field.Kind, place.Field)
            let match = Match(field, place)
            where match is not null
            orderby match.Value.Rule, match.Value.Index, place.Path.Length
            select new BoundField(field, place, match.Value.Rule);
        var taken = new List<BoundField>();
        foreach (BoundField candidate in matches)
        {
            if (!taken.Exists(other => other.Field == candidate.Field || Overlap(other.Position!, candidate.Position!)))
            {
                taken.Add(candidate);
            }
        }
        return taken;
    }

    private static List<BoundField> ByStructure(IReadOnlyList<CanonicalField> fields, List<Position> places, List<BoundField> already)
    {
        var found = new List<BoundField>();
        for (var progress = true; progress;)
        {
            progress = false;
            foreach (CanonicalField field in fields.Where(field => IsRequiredStill(field, [.. already, .. found])))
            {
                List<Position> fitting = [.. places.Where(place => ValueKinds.Fits(field.Kind, place.Field)
                    && !already.Concat(found).Any(other => Overlap(other.Position!, place)))];
                // A Value is one candidate, not one for each kind it can have.
                fitting.RemoveAll(place => fitting.Exists(outer => outer != place && place.Path.Take(outer.Path.Length).SequenceEqual(outer.Path)));
                if (fitting is [var only])
                {
                    found.Add(new BoundField(field, only, Rule.Structure));
                    progress = true;
                }
            }
        }
        return found;
    }

    private static bool IsRequiredStill(CanonicalField field, List<BoundField> bound) =>
        (field.Need == Need.Required || field.ByStructure)
        && !bound.Exists(other => other.Field == field || (field.Group is not null && other.Field.Group == field.Group));

    private static (Rule Rule, int Index)? Match(CanonicalField field, Position place)
    {
        for (var index = 0; index < field.Names.Count; index++)
        {
            if (place.Own.Contains(field.Names[index]))
            {
                return (index == 0 ? Rule.Name : Rule.Synonym, index);
            }
        }
        for (var index = 0; index < field.Names.Count; index++)
        {
            if (place.Qualified.Contains(field.Names[index]))
            {
                return (Rule.Qualified, index);
            }
        }
        return null;
    }

    private static bool Overlap(Position one, Position other)
    {
        int shared = Math.Min(one.Path.Length, other.Path.Length);
        return one.Path.Take(shared).SequenceEqual(other.Path.Take(shared));
    }
}
