using System.Collections;
using FleetingPlugin.HostContract;

namespace FleetingPlugin.Transcoding;

/// <summary>A message inside a response, or the response itself; with <paramref name="items"/> one message for each item of a list.</summary>
internal sealed class MessageNode(WireField? field, Func<object, IList>? items = null) : ResponseNode(field)
{
    private readonly List<ResponseNode> children = [];

    public override int Order => children.Count == 0 ? 0 : children.Min(child => child.Order);

    public override bool IsRequired => items is null && children.Exists(child => child.IsRequired);

    public void Add(ResponseNode child) => children.Add(child);

    /// <summary>The child message for a step of a path, made if it is new.</summary>
    public MessageNode Enter(WireField step, Func<object, IList>? listed)
    {
        var known = (MessageNode?)children.Find(child => child.Field == step);
        if (known is null)
        {
            children.Add(known = new MessageNode(step, listed));
        }
        return known;
    }

    /// <summary>All children are there. They are written last first, so that they read in the order of their numbers.</summary>
    public void Close()
    {
        children.Sort((one, other) => other.Field!.Number.CompareTo(one.Field!.Number));
        foreach (ResponseNode child in children)
        {
            (child as MessageNode)?.Close();
        }
    }

    public override bool HasValue(object source)
    {
        if (items is not null)
        {
            return items(source).Count > 0;
        }
        foreach (ResponseNode child in children)
        {
            if (child.HasValue(source))
            {
                return true;
            }
        }
        return false;
    }

    public override void Write(BackwardWriter writer, object source, bool always)
    {
        if (items is not null)
        {
            IList list = items(source);
            for (int at = list.Count - 1; at >= 0; at--)
            {
                WriteOne(writer, list[at]!);
            }
        }
        else if (always || IsRequired || HasValue(source))
        {
            WriteOne(writer, source);
        }
    }

    public void WriteContent(BackwardWriter writer, object source)
    {
        foreach (ResponseNode child in children)
        {
            bool inOneof = child.Field!.Oneof is not null;
            if (!inOneof || Chosen(child.Field.Oneof!, source) == child)
            {
                child.Write(writer, source, always: inOneof);
            }
        }
    }

    private void WriteOne(BackwardWriter writer, object source)
    {
        int before = writer.Length;
        WriteContent(writer, source);
        writer.LengthSince(before);
        writer.Tag(Field!.Number, 2);
    }

    // The first of the table that has a value. A result that is success or error says success when there is neither.
    private ResponseNode? Chosen(string oneof, object source)
    {
        ResponseNode? first = null, filled = null;
        var hasError = false;
        foreach (ResponseNode child in children)
        {
            if (child.Field!.Oneof != oneof)
            {
                continue;
            }
            hasError |= child.IsError;
            first = first is null || child.Order < first.Order ? child : first;
            if ((filled is null || child.Order < filled.Order) && child.HasValue(source))
            {
                filled = child;
            }
        }
        return filled ?? (first is { IsError: false } && (first.IsRequired || hasError) ? first : null);
    }
}
