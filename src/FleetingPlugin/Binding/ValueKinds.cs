using FleetingPlugin.HostContract;
using FieldType = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Type;

namespace FleetingPlugin.Binding;

/// <summary>Which wire types can carry which kind of value.</summary>
internal static class ValueKinds
{
    public static bool Fits(ValueKind kind, WireField field) => kind switch
    {
        ValueKind.Text => field.Type is FieldType.String or FieldType.Bytes,
        ValueKind.Word => field.Type is FieldType.String or FieldType.Enum,
        ValueKind.Count or ValueKind.ErrorCode => IsInteger(field.Type),
        ValueKind.Flag => field.Type is FieldType.Bool || field.Message is { Fields.Count: 0 },
        ValueKind.Secret => field.Type is FieldType.Bytes or FieldType.String,
        ValueKind.Duration => IsInteger(field.Type) || field.Type is FieldType.String or FieldType.Double or FieldType.Float
            || field.Message?.FullName == WellKnownTypes.Duration,
        ValueKind.Time => IsInteger(field.Type) || field.Type is FieldType.String || field.Message?.FullName == WellKnownTypes.Timestamp,
        ValueKind.State => field.Type is FieldType.String || (field.Enum is { } type && EnumWords.StatesOf(type) is not null),
        ValueKind.Json => field.Type is FieldType.Bytes or FieldType.String || IsJsonMessage(field.Message),
        ValueKind.Error => field.Type is FieldType.String,
        ValueKind.Broker => field.Type is FieldType.Uint32,
        _ => false,
    };

    public static bool IsJsonMessage(WireMessage? message) =>
        message?.FullName is WellKnownTypes.Struct or WellKnownTypes.Value or WellKnownTypes.Any;

    public static bool IsInteger(FieldType type) => type is FieldType.Int32 or FieldType.Int64 or FieldType.Uint32 or FieldType.Uint64
        or FieldType.Sint32 or FieldType.Sint64 or FieldType.Fixed32 or FieldType.Fixed64 or FieldType.Sfixed32 or FieldType.Sfixed64;

    /// <summary>Nanoseconds in one unit of a duration written as integer: by the name's last word, else by width.</summary>
    public static long DurationUnit(WireField field) => FieldNames.UnitOf(field.Name) ?? (IsWide(field.Type) ? 1 : 1_000_000_000);

    /// <summary>Nanoseconds in one unit of a time written as integer: by the name's last word, else Unix seconds.</summary>
    public static long TimeUnit(WireField field) => FieldNames.UnitOf(field.Name) ?? 1_000_000_000;

    public static bool IsWide(FieldType type) =>
        type is FieldType.Int64 or FieldType.Uint64 or FieldType.Sint64 or FieldType.Fixed64 or FieldType.Sfixed64;
}
