using System.Text;
using FleetingPlugin.Options;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace FleetingPlugin.Tests.Transcoding;

/// <summary>
/// The host's side of the wire, written for the tests alone: values by role to bytes and back. Texts, counts (long), flags,
/// durations (TimeSpan), times (DateTime), secrets (byte[]), JSON (string) and states (our words).
/// </summary>
internal static class HostWire
{
    public static byte[] Encode(HostMessage message, Dictionary<string, object> values)
    {
        var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
        {
            foreach (HostField field in message.Fields)
            {
                if (field.Role is null && field.Message is not null && !field.Repeated)
                {
                    if (Encode(field.Message, values) is { Length: > 0 } inner)
                    {
                        WriteBytes(output, field.Number, inner);
                    }
                }
                else if (field.Repeated && field.Message is { } item)
                {
                    HostField carrying = item.Fields.Find(one => one.Role is not null) ?? item.Fields[0];
                    foreach (object one in (System.Collections.IEnumerable)values[carrying.Role!])
                    {
                        WriteBytes(output, field.Number, Encode(item, new() { [carrying.Role!] = one }));
                    }
                }
                else if (field.Role is { } role && values.TryGetValue(role, out object? value))
                {
                    foreach (object one in field.Repeated ? (IEnumerable<object>)value : [value])
                    {
                        Write(output, field, one);
                    }
                }
            }
        }
        return stream.ToArray();
    }

    public static Dictionary<string, List<object>> Decode(HostMessage message, byte[] bytes)
    {
        var found = new Dictionary<string, List<object>>();
        Decode(message, bytes, found);
        return found;
    }

    private static void Decode(HostMessage message, byte[] bytes, Dictionary<string, List<object>> found)
    {
        var seen = new HashSet<HostField>();
        var input = new CodedInputStream(bytes);
        for (uint tag; (tag = input.ReadTag()) != 0;)
        {
            HostField field = message.Fields.Single(field => field.Number == WireFormat.GetTagFieldNumber(tag));
            seen.Add(field);
            if (field.Message is { } inner && field.Role is null)
            {
                Decode(inner, input.ReadBytes().ToByteArray(), found);
            }
            else if (field.Repeated && field.Type is not ("string" or "bytes") && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
            {
                var packed = new CodedInputStream(input.ReadBytes().ToByteArray());
                while (!packed.IsAtEnd)
                {
                    Note(found, field, Read(packed, field));
                }
            }
            else
            {
                Note(found, field, Read(input, field));
            }
        }
        foreach (HostField absent in message.Fields.Where(field => !seen.Contains(field) && !field.Repeated && field is { Optional: false, Oneof: null }))
        {
            if (absent.Message is { } inner && absent.Role is null)
            {
                Decode(inner, [], found);
            }
            else if (absent.Enum is { } values)
            {
                Note(found, absent, values.Single(value => value.Number == 0).Word);
            }
        }
    }

    private static void Note(Dictionary<string, List<object>> found, HostField field, object value)
    {
        if (field.Role is not null)
        {
            (found.TryGetValue(field.Role, out List<object>? list) ? list : found[field.Role] = []).Add(value);
        }
    }

    private static void Write(CodedOutputStream output, HostField field, object value)
    {
        switch (value)
        {
            case TimeSpan span when field.Type == "google.protobuf.Duration":
                WriteBytes(output, field.Number, Duration.FromTimeSpan(span).ToByteArray());
                return;
            case TimeSpan span when field.Type == "string":
                value = GoDuration.Format(span);
                break;
            case TimeSpan span when field.Type == "double":
                output.WriteTag(field.Number, WireFormat.WireType.Fixed64);
                output.WriteDouble(span.Ticks * 100.0 / field.Unit);
                return;
            case TimeSpan span:
                value = span.Ticks * 100 / field.Unit;
                break;
            case string json when field.Type == "google.protobuf.Struct":
                WriteBytes(output, field.Number, JsonParser.Default.Parse<Struct>(json).ToByteArray());
                return;
            case string json when field.Type == "google.protobuf.Any":
                WriteBytes(output, field.Number, Any.Pack(JsonParser.Default.Parse<Struct>(json)).ToByteArray());
                return;
            case string word when field.Enum is { } values:
                output.WriteTag(field.Number, WireFormat.WireType.Varint);
                output.WriteEnum(values.Single(one => one.Word == word).Number);
                return;
        }
        switch (value)
        {
            case string text:
                WriteBytes(output, field.Number, Encoding.UTF8.GetBytes(text));
                break;
            case byte[] bytes:
                WriteBytes(output, field.Number, bytes);
                break;
            case bool flag:
                output.WriteTag(field.Number, WireFormat.WireType.Varint);
                output.WriteBool(flag);
                break;
            default:
                WriteInteger(output, field, (long)value);
                break;
        }
    }

    private static void WriteInteger(CodedOutputStream output, HostField field, long value)
    {
        output.WriteTag(field.Number, field.Type.EndsWith("ixed32", StringComparison.Ordinal) ? WireFormat.WireType.Fixed32
            : field.Type.EndsWith("ixed64", StringComparison.Ordinal) ? WireFormat.WireType.Fixed64 : WireFormat.WireType.Varint);
        switch (field.Type)
        {
            case "sint32": output.WriteSInt32((int)value); break;
            case "sint64": output.WriteSInt64(value); break;
            case "fixed32": output.WriteFixed32((uint)value); break;
            case "sfixed32": output.WriteSFixed32((int)value); break;
            case "fixed64": output.WriteFixed64((ulong)value); break;
            case "sfixed64": output.WriteSFixed64(value); break;
            default: output.WriteInt64(value); break;
        }
    }

    private static object Read(CodedInputStream input, HostField field)
    {
        string kind = field.Role!.Split(':')[0];
        if (field.Enum is { } values)
        {
            int number = input.ReadEnum();
            return values.Single(value => value.Number == number).Word;
        }
        object raw = field.Type switch
        {
            "string" => input.ReadString(),
            "bytes" => input.ReadBytes().ToByteArray(),
            "bool" => input.ReadBool(),
            "double" => input.ReadDouble(),
            "google.protobuf.Duration" => Duration.Parser.ParseFrom(input.ReadBytes()).ToTimeSpan(),
            "google.protobuf.Timestamp" => Timestamp.Parser.ParseFrom(input.ReadBytes()).ToDateTime(),
            "sint32" => (long)input.ReadSInt32(),
            "sint64" => input.ReadSInt64(),
            "fixed32" => (long)input.ReadFixed32(),
            "sfixed32" => (long)input.ReadSFixed32(),
            "fixed64" => (long)input.ReadFixed64(),
            "sfixed64" => input.ReadSFixed64(),
            _ => input.ReadInt64(),
        };
        return (kind, raw) switch
        {
            ("duration", long number) => TimeSpan.FromTicks(number * field.Unit / 100),
            ("duration", double number) => TimeSpan.FromTicks((long)Math.Round(number * field.Unit / 100)),
            ("duration", string text) => GoDuration.TryParse(text, out TimeSpan span, out _) ? span : throw new FormatException(text),
            ("time", long number) => DateTime.UnixEpoch.AddTicks(number * field.Unit / 100),
            ("time", string text) => DateTime.Parse(text, null, System.Globalization.DateTimeStyles.RoundtripKind),
            ("text" or "word", byte[] bytes) => Encoding.UTF8.GetString(bytes),
            ("secret", string text) => Encoding.UTF8.GetBytes(text),
            _ => raw,
        };
    }

    private static void WriteBytes(CodedOutputStream output, int number, byte[] bytes)
    {
        output.WriteTag(number, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(bytes));
    }
}
