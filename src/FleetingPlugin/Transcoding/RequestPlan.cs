using FleetingPlugin.Binding;
using FleetingPlugin.HostContract;
using Google.Protobuf;

namespace FleetingPlugin.Transcoding;

/// <summary>
/// How a request of the found contract is read into ours, compiled once: a tree of field numbers whose leaves set our fields.
/// Only bound fields are looked at, so depth and work are bounded by the plan and the size of the bytes.
/// </summary>
internal sealed class RequestPlan
{
    /// <summary>Longest request; a plugin's configuration is a few kilobytes.</summary>
    public const int MaxBytes = 16 << 20;

    private readonly Dictionary<int, Step> root = [];
    private readonly string message;
    private readonly CanonicalField? whole;

    private RequestPlan(BoundMessage bound)
    {
        message = bound.Message.FullName;
        whole = bound.Fields.FirstOrDefault(field => field.Position is null)?.Field;
        foreach (BoundField field in bound.Fields.Where(field => field.Position is not null && field.Field.Set is not null))
        {
            Dictionary<int, Step> level = root;
            Step? last = null;
            foreach (WireField step in field.Position!.Path)
            {
                if (!level.TryGetValue(step.Number, out last))
                {
                    level.Add(step.Number, last = new Step(step));
                }
                level = last.Inner;
            }
            last!.Leaf = field.Field;
        }
    }

    public static RequestPlan Compile(BoundMessage bound) => new(bound);

    /// <summary>Reads into an object of ours what is there; what is absent stays as it is.</summary>
    /// <exception cref="InvalidRequestException">Malformed, too long, or a value that does not fit.</exception>
    public void Read(ReadOnlySpan<byte> bytes, object target)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new InvalidRequestException($"a {message} of {bytes.Length} bytes; at most {MaxBytes} are read");
        }
        try
        {
            if (whole is not null)
            {
                whole.Set!(target, MessageJson.From(message, bytes));
                return;
            }
            Read(bytes, root, target);
        }
        catch (Exception e) when (e is OverflowException or InvalidProtocolBufferException)
        {
            throw new InvalidRequestException($"a value in {message} does not fit: {e.Message}", e);
        }
    }

    private void Read(ReadOnlySpan<byte> bytes, Dictionary<int, Step> level, object target)
    {
        var reader = new WireReader(bytes);
        while (!reader.AtEnd)
        {
            bool read = reader.TryReadTag(out int number, out int wireType);
            // A field of an unexpected wire type is an unknown field, as for every protobuf parser.
            read = read && (level.TryGetValue(number, out Step? step) && step.WireType == wireType
                ? TryReadStep(ref reader, step, target)
                : reader.TrySkip(number, wireType));
            if (!read)
            {
                throw new InvalidRequestException($"the bytes received are not a {message}: malformed at byte {reader.Position} of {bytes.Length}");
            }
        }
    }

    private bool TryReadStep(ref WireReader reader, Step step, object target)
    {
        object? value;
        switch (step.WireType)
        {
            case 2:
                if (!reader.TryReadBytes(out ReadOnlySpan<byte> bytes))
                {
                    return false;
                }
                if (step.Leaf is null)
                {
                    Read(bytes, step.Inner, target);
                    return true;
                }
                value = ValueReading.FromBytes(step.Leaf.Kind, step.Field, bytes);
                break;
            default:
                ulong raw = 0;
                bool read = step.WireType switch
                {
                    0 => reader.TryReadVarint(out raw),
                    1 => reader.TryReadFixed64(out raw),
                    _ => TryReadFixed32(ref reader, out raw),
                };
                if (!read)
                {
                    return false;
                }
                value = ValueReading.FromNumber(step.Leaf!.Kind, step.Field, raw);
                break;
        }
        if (value is not null)
        {
            step.Leaf.Set!(target, value);
        }
        return true;
    }

    private static bool TryReadFixed32(ref WireReader reader, out ulong raw)
    {
        bool read = reader.TryReadFixed32(out uint value);
        raw = value;
        return read;
    }

    private sealed class Step(WireField field)
    {
        public WireField Field { get; } = field;

        public int WireType { get; } = ValueReading.WireTypeOf(field.Type);

        public Dictionary<int, Step> Inner { get; } = [];

        public CanonicalField? Leaf { get; set; }
    }
}
