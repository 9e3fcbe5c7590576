using System.Globalization;
using FleetingPlugin.Binding;
using FleetingPlugin.HostContract;
using FleetingPlugin.Options;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using FieldType = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Type;

namespace FleetingPlugin.Transcoding;

/// <summary>From a value of our contract to the bytes of a field, without its tag.</summary>
internal sealed class ValueWriting(ValueKind kind, WireField field)
{
    private readonly IReadOnlyDictionary<string, int> words = field.Enum is not { } type ? new Dictionary<string, int>()
        : kind == ValueKind.State ? EnumWords.StatesOf(type)! : EnumWords.Of(type);

    /// <summary>Whether a value differs from "not set".</summary>
    public static bool IsSet(object? value) => value switch
    {
        null => false,
        string text => text.Length > 0,
        ByteString bytes => bytes.Length > 0,
        long number => number != 0,
        bool flag => flag,
        _ => true,
    };

    /// <summary>Writes a value; null writes the type's zero.</summary>
    public void Write(BackwardWriter writer, object? value)
    {
        switch (kind)
        {
            case ValueKind.Count or ValueKind.ErrorCode:
                Integer(writer, (long)(value ?? 0L));
                break;
            case ValueKind.Flag:
                // An empty message is true by being there.
                writer.Varint(field.Type == FieldType.Bool && (bool)(value ?? false) ? 1UL : 0UL);
                break;
            case ValueKind.Duration:
                Duration(writer, (Duration?)value ?? new Duration());
                break;
            case ValueKind.Time:
                Time(writer, (Timestamp?)value ?? new Timestamp());
                break;
            case ValueKind.Secret:
                writer.Bytes(value is ByteString secret ? secret.Span : []);
                break;
            case ValueKind.State or ValueKind.Word when field.Type == FieldType.Enum:
                string word = (string?)value ?? "";
                writer.Varint((ulong)(long)(words.TryGetValue(word, out int number) ? number : words.GetValueOrDefault(FieldNames.Normal(word))));
                break;
            default:
                writer.Text((string?)value ?? "");
                break;
        }
    }

    private void Duration(BackwardWriter writer, Duration duration)
    {
        Int128 nanoseconds = (Int128)duration.Seconds * 1_000_000_000 + duration.Nanos;
        switch (field.Type)
        {
            case FieldType.Message:
                SecondsAndNanos(writer, duration.Seconds, duration.Nanos);
                break;
            case FieldType.String:
                writer.Text(GoDuration.Format(duration.ToTimeSpan()));
                break;
            case FieldType.Double:
                writer.Fixed64(BitConverter.DoubleToUInt64Bits((double)nanoseconds / (FieldNames.UnitOf(field.Name) ?? 1_000_000_000)));
                break;
            case FieldType.Float:
                writer.Fixed32(BitConverter.SingleToUInt32Bits((float)((double)nanoseconds / (FieldNames.UnitOf(field.Name) ?? 1_000_000_000))));
                break;
            default:
                Integer(writer, nanoseconds / ValueKinds.DurationUnit(field));
                break;
        }
    }

    private void Time(BackwardWriter writer, Timestamp time)
    {
        switch (field.Type)
        {
            case FieldType.Message:
                SecondsAndNanos(writer, time.Seconds, time.Nanos);
                break;
            case FieldType.String:
                writer.Text(time.ToDateTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture));
                break;
            default:
                Integer(writer, ((Int128)time.Seconds * 1_000_000_000 + time.Nanos) / ValueKinds.TimeUnit(field));
                break;
        }
    }

    private static void SecondsAndNanos(BackwardWriter writer, long seconds, int nanos)
    {
        int before = writer.Length;
        if (nanos != 0)
        {
            writer.Varint((ulong)(long)nanos);
            writer.Tag(2, 0);
        }
        if (seconds != 0)
        {
            writer.Varint((ulong)seconds);
            writer.Tag(1, 0);
        }
        writer.LengthSince(before);
    }

    // What is too large for a field becomes the largest value it can hold.
    private void Integer(BackwardWriter writer, Int128 value)
    {
        (Int128 least, Int128 most) = field.Type switch
        {
            FieldType.Uint32 or FieldType.Fixed32 => ((Int128)0, (Int128)uint.MaxValue),
            FieldType.Uint64 or FieldType.Fixed64 => (0, ulong.MaxValue),
            _ when ValueKinds.IsWide(field.Type) => (long.MinValue, long.MaxValue),
            _ => (int.MinValue, int.MaxValue),
        };
        value = Int128.Clamp(value, least, most);
        var bits = unchecked((ulong)value);
        switch (field.Type)
        {
            case FieldType.Fixed32 or FieldType.Sfixed32:
                writer.Fixed32((uint)bits);
                break;
            case FieldType.Fixed64 or FieldType.Sfixed64:
                writer.Fixed64(bits);
                break;
            case FieldType.Sint32 or FieldType.Sint64:
                writer.Varint((bits << 1) ^ (value < 0 ? ulong.MaxValue : 0));
                break;
            default:
                writer.Varint(bits);
                break;
        }
    }
}
