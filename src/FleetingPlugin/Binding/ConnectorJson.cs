using System.Text.Json;
using FleetingPlugin.Contract;
using FleetingPlugin.Options;
using FleetingPlugin.Transcoding;
using Google.Protobuf;

namespace FleetingPlugin.Binding;

/// <summary>
/// Connector settings that come as a JSON document: names by the table, durations as Go marshals them (nanoseconds) or as
/// text, keys as PEM or, as Go marshals bytes, in base64. Unknown names are another version's and are passed over.
/// </summary>
internal static class ConnectorJson
{
    /// <exception cref="InvalidRequestException">Not JSON, or a value of the wrong type.</exception>
    public static void Apply(ByteString json, ConnectorConfig settings)
    {
        if (json.Span.IndexOfAnyExcept(" \t\r\n"u8) < 0)
        {
            return;
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(json.Memory);
            if (document.RootElement.ValueKind == JsonValueKind.Null)
            {
                return;
            }
            foreach (JsonProperty property in document.RootElement.EnumerateObject().Where(property => property.Value.ValueKind != JsonValueKind.Null))
            {
                string name = FieldNames.Normal(property.Name);
                ConnectorField? field = Array.Find(BindingTable.Connector, field =>
                    FieldNames.Normal(field.Name) == name || field.Synonyms.Split(' ').Any(synonym => FieldNames.Normal(synonym) == name));
                if (field is not null && ValueOf(field, property.Value) is { } value)
                {
                    field.Set(settings, value);
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidRequestException($"the connector settings are not the expected JSON: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static object? ValueOf(ConnectorField field, JsonElement value) => field.Kind switch
    {
        ValueKind.Count => value.GetInt64(),
        ValueKind.Flag => value.GetBoolean(),
        ValueKind.Secret => KeyOf(value.GetString()!),
        ValueKind.Duration when value.ValueKind == JsonValueKind.Number => ValueReading.FromNanoseconds(value.GetInt64()),
        ValueKind.Duration when value.GetString() is { Length: > 0 } text => GoDuration.TryParse(text, out TimeSpan duration, out string fault)
            ? Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(duration)
            : throw new FormatException($"{field.Name}: {fault}"),
        ValueKind.Duration => null,
        _ => value.GetString()!,
    };

    private static ByteString KeyOf(string text)
    {
        var decoded = new byte[text.Length];
        return !text.Contains("-----BEGIN", StringComparison.Ordinal) && Convert.TryFromBase64String(text, decoded, out int length)
            ? ByteString.CopyFrom(decoded, 0, length)
            : ByteString.CopyFromUtf8(text);
    }
}
