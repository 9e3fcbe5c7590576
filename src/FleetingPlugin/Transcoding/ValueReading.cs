using System.Text;
using System.Text.Unicode;
using FleetingPlugin.Binding;
using FleetingPlugin.HostContract;
using FleetingPlugin.Options;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using FieldType = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Type;

namespace FleetingPlugin.Transcoding;

/// <summary>From a field on the wire to the value that our contract has for it; null means "not set".</summary>
internal static class ValueReading
{
    private const long MaxDurationSeconds = 315_576_000_000;

    /// <summary>Wire type of a field's type; 3 (a group) is never read.</summary>
    public static int WireTypeOf(FieldType type) => type switch
    {
        FieldType.Double or FieldType.Fixed64 or FieldType.Sfixed64 => 1,
        FieldType.String or FieldType.Bytes or FieldType.Message => 2,
        FieldType.Group => 3,
        FieldType.Float or FieldType.Fixed32 or FieldType.Sfixed32 => 5,
        _ => 0,
    };

    /// <summary>A value of the wire types 0, 1 and 5.</summary>
    /// <exception cref="OverflowException">It does not fit.</exception>
    public static object? FromNumber(ValueKind kind, WireField field, ulong raw) => kind switch
    {
        ValueKind.Count => Integer(field.Type, raw),
        ValueKind.Broker => checked((uint)Integer(field.Type, raw)),
        ValueKind.Flag => raw != 0,
        ValueKind.Word => WordOf(field.Enum!, (int)raw),
        ValueKind.Duration when field.Type is FieldType.Double => FromSeconds(BitConverter.UInt64BitsToDouble(raw), field),
        ValueKind.Duration when field.Type is FieldType.Float => FromSeconds(BitConverter.UInt32BitsToSingle((uint)raw), field),
        ValueKind.Duration => FromNanoseconds((Int128)Integer(field.Type, raw) * ValueKinds.DurationUnit(field)),
        _ => throw new InvalidRequestException($"{field} is a number, which {kind} cannot be"),
    };

    /// <summary>A value of wire type 2.</summary>
    /// <exception cref="InvalidRequestException">It is not what the field says.</exception>
    public static object? FromBytes(ValueKind kind, WireField field, ReadOnlySpan<byte> bytes)
    {
        if (field.Message is { } message)
        {
            return kind switch
            {
                ValueKind.Json => MessageJson.From(message.FullName, bytes),
                ValueKind.Duration => Valid(Duration.Parser.ParseFrom(bytes)),
                ValueKind.Flag => true,
                _ => throw new InvalidRequestException($"{field} is a message, which {kind} cannot be"),
            };
        }
        if (kind is ValueKind.Secret or ValueKind.Json)
        {
            return ByteString.CopyFrom(bytes);
        }
        if (!Utf8.IsValid(bytes))
        {
            throw new InvalidRequestException($"{field} holds bytes that are not UTF-8");
        }
        string text = Encoding.UTF8.GetString(bytes);
        return kind != ValueKind.Duration ? text
            : text.Length == 0 ? null
            : GoDuration.TryParse(text, out TimeSpan duration, out string fault) ? Duration.FromTimeSpan(duration)
            : throw new InvalidRequestException($"{field}: {fault}");
    }

    /// <summary>A duration in the form of protobuf's message; zero stays unset.</summary>
    /// <exception cref="OverflowException">Beyond what that message can hold.</exception>
    public static Duration? FromNanoseconds(Int128 nanoseconds)
    {
        var seconds = (long)Int128.Clamp(nanoseconds / 1_000_000_000, long.MinValue, long.MaxValue);
        return nanoseconds == 0 ? null : Valid(new Duration { Seconds = seconds, Nanos = (int)(nanoseconds % 1_000_000_000) });
    }

    private static Duration Valid(Duration duration) =>
        Math.Abs((decimal)duration.Seconds) <= MaxDurationSeconds && duration.Nanos is > -1_000_000_000 and < 1_000_000_000
            && Math.Sign(duration.Seconds) * Math.Sign(duration.Nanos) >= 0
            ? duration
            : throw new OverflowException($"{duration.Seconds} s {duration.Nanos} ns is no valid duration");

    private static Duration? FromSeconds(double value, WireField field)
    {
        double seconds = value * ((FieldNames.UnitOf(field.Name) ?? 1_000_000_000) / 1e9);
        return Math.Abs(seconds) <= MaxDurationSeconds
            ? FromNanoseconds((Int128)(decimal.Round((decimal)seconds, 9) * 1_000_000_000m))
            : throw new OverflowException($"{value} is no valid duration");
    }

    private static long Integer(FieldType type, ulong raw) => type switch
    {
        FieldType.Int32 or FieldType.Sfixed32 => (int)raw,
        FieldType.Uint32 or FieldType.Fixed32 => (uint)raw,
        FieldType.Sint32 => (int)((uint)raw >> 1) ^ -(int)(raw & 1),
        FieldType.Sint64 => (long)(raw >> 1) ^ -(long)(raw & 1),
        FieldType.Uint64 or FieldType.Fixed64 => checked((long)raw),
        _ => (long)raw,
    };

    private static string WordOf(WireEnum type, int number)
    {
        string word = EnumWords.Of(type).FirstOrDefault(value => value.Value == number).Key ?? "";
        return word is "unspecified" or "unknown" or "none" or "default" or "invalid" ? "" : word;
    }
}
