using System.Collections;
using FleetingPlugin.Binding;
using FleetingPlugin.HostContract;

namespace FleetingPlugin.Transcoding;

/// <summary>One field of a response to be written.</summary>
internal abstract class ResponseNode(WireField? field)
{
    public WireField? Field { get; } = field;

    /// <summary>Place in the table; an error comes last. Decides which member of a oneof is written.</summary>
    public abstract int Order { get; }

    public bool IsError => Order >= LeafNode.ErrorOrder;

    /// <summary>It is written even if its value is the type's zero.</summary>
    public abstract bool IsRequired { get; }

    public abstract bool HasValue(object source);

    /// <param name="writer">Gets the field with its tag.</param>
    /// <param name="source">Our response, or one item of its list.</param>
    /// <param name="always">Also if there is no value: it was chosen in a oneof.</param>
    public abstract void Write(BackwardWriter writer, object source, bool always);
}

/// <summary>A field with one value.</summary>
internal sealed class LeafNode(WireField field, CanonicalField canonical, int order) : ResponseNode(field)
{
    public const int ErrorOrder = 1000;

    private readonly ValueWriting value = new(canonical.Kind, field);
    private readonly int wireType = ValueReading.WireTypeOf(field.Type);

    public override int Order => canonical.Kind is ValueKind.Error or ValueKind.ErrorCode ? ErrorOrder + order : order;

    public override bool IsRequired => canonical.Need == Need.Required;

    public override bool HasValue(object source) => ValueWriting.IsSet(canonical.Get!(source));

    public override void Write(BackwardWriter writer, object source, bool always)
    {
        object? current = canonical.Get!(source);
        if (ValueWriting.IsSet(current) || always || (IsRequired && Field!.Optional && canonical.Group is null))
        {
            value.Write(writer, current);
            writer.Tag(Field!.Number, wireType);
            writer.HasError |= canonical.Kind == ValueKind.Error;
        }
    }
}

/// <summary>A repeated field with one value for each item of a list.</summary>
internal sealed class ListNode(WireField field, CanonicalField canonical, int order) : ResponseNode(field)
{
    private readonly ValueWriting value = new(canonical.Kind, field);
    private readonly int wireType = ValueReading.WireTypeOf(field.Type);

    public override int Order => order;

    public override bool IsRequired => false;

    public override bool HasValue(object source) => canonical.Items!(source).Count > 0;

    public override void Write(BackwardWriter writer, object source, bool always)
    {
        IList items = canonical.Items!(source);
        bool packed = Field!.Packed && wireType != 2;
        int before = writer.Length;
        for (int at = items.Count - 1; at >= 0; at--)
        {
            value.Write(writer, canonical.Get!(items[at]!));
            if (!packed)
            {
                writer.Tag(Field.Number, wireType);
            }
        }
        if (packed && items.Count > 0)
        {
            writer.LengthSince(before);
            writer.Tag(Field.Number, 2);
        }
    }
}
