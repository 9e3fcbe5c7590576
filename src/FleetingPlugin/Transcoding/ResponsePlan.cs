using FleetingPlugin.Binding;
using FleetingPlugin.HostContract;

namespace FleetingPlugin.Transcoding;

/// <summary>How a response of ours is written in the found contract, compiled once. Writing allocates nothing but what the writer needs.</summary>
internal sealed class ResponsePlan
{
    private readonly MessageNode root = new(null);

    private ResponsePlan(BoundMessage bound, bool oneItem)
    {
        for (var order = 0; order < bound.Fields.Count; order++)
        {
            (CanonicalField field, Position? position) = (bound.Fields[order].Field, bound.Fields[order].Position);
            if (position is null || field.Get is null)
            {
                continue;
            }
            MessageNode level = root;
            foreach (WireField step in position.Path[..^1])
            {
                level = level.Enter(step, step.Repeated && !oneItem ? field.Items : null);
            }
            level.Add(position.Field.Repeated && !oneItem ? new ListNode(position.Field, field, order) : new LeafNode(position.Field, field, order));
        }
        root.Close();
    }

    /// <param name="bound">What is bound where.</param>
    /// <param name="oneItem">The message carries one item of the list; it is written from that item.</param>
    public static ResponsePlan Compile(BoundMessage bound, bool oneItem = false) => new(bound, oneItem);

    /// <summary>Writes one message.</summary>
    public void Write(BackwardWriter writer, object source) => root.WriteContent(writer, source);
}
