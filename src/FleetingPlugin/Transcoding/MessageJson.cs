using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace FleetingPlugin.Transcoding;

/// <summary>Configuration that comes as protobuf's Struct, Value or Any, as the JSON it stands for.</summary>
internal static class MessageJson
{
    /// <exception cref="InvalidRequestException">Not that message, or content that is not configuration.</exception>
    public static ByteString From(string type, ReadOnlySpan<byte> bytes)
    {
        try
        {
            switch (type)
            {
                case HostContract.WellKnownTypes.Struct:
                    return Text(Value.ForStruct(Struct.Parser.ParseFrom(bytes)));
                case HostContract.WellKnownTypes.Value:
                    return Text(Value.Parser.ParseFrom(bytes));
                case HostContract.WellKnownTypes.Any:
                    return FromAny(Any.Parser.ParseFrom(bytes));
                case "google.protobuf.StringValue":
                    return ByteString.CopyFromUtf8(StringValue.Parser.ParseFrom(bytes).Value);
                case "google.protobuf.BytesValue":
                    return BytesValue.Parser.ParseFrom(bytes).Value;
                default:
                    return bytes.TrimStart(" \t\r\n"u8) is [(byte)'{', ..] || bytes.SequenceEqual("null"u8)
                        ? ByteString.CopyFrom(bytes)
                        : throw new InvalidRequestException($"configuration of type {type} is neither JSON nor a Struct");
            }
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidRequestException($"the bytes received are not a {type}: {e.Message}", e);
        }
    }

    private static ByteString FromAny(Any any)
    {
        string type = Any.GetTypeName(any.TypeUrl);
        return type == HostContract.WellKnownTypes.Any
            ? throw new InvalidRequestException("configuration is an Any inside an Any")
            : any.Value.IsEmpty ? ByteString.Empty : From(type, any.Value.Span);
    }

    private static ByteString Text(Value value)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            Write(json, value);
        }
        return ByteString.CopyFrom(stream.GetBuffer(), 0, (int)stream.Length);
    }

    // As deep as protobuf's parser lets a message be.
    private static void Write(Utf8JsonWriter json, Value value)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.StructValue:
                json.WriteStartObject();
                foreach ((string name, Value inner) in value.StructValue.Fields)
                {
                    json.WritePropertyName(name);
                    Write(json, inner);
                }
                json.WriteEndObject();
                break;
            case Value.KindOneofCase.ListValue:
                json.WriteStartArray();
                foreach (Value inner in value.ListValue.Values)
                {
                    Write(json, inner);
                }
                json.WriteEndArray();
                break;
            case Value.KindOneofCase.NumberValue when double.IsFinite(value.NumberValue):
                json.WriteNumberValue(value.NumberValue);
                break;
            case Value.KindOneofCase.NumberValue:
                throw new InvalidRequestException($"configuration contains the number {value.NumberValue}");
            case Value.KindOneofCase.StringValue:
                json.WriteStringValue(value.StringValue);
                break;
            case Value.KindOneofCase.BoolValue:
                json.WriteBooleanValue(value.BoolValue);
                break;
            default:
                json.WriteNullValue();
                break;
        }
    }
}
