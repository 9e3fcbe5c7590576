using System.Globalization;
using System.Text.Json;

namespace Qemu;

/// <summary>
/// One line from QEMU (docs/interop/qmp-spec of QEMU): a greeting has "QMP", an event has "event", an answer has
/// "return" or "error" and repeats the "id" of its command.
/// </summary>
internal abstract record QmpMessage
{
    /// <exception cref="FormatException">Not a message of the protocol.</exception>
    internal static QmpMessage Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return Classify(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new FormatException($"a line is not JSON: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            // How the JSON reader refuses a value of another type than asked for, and text that is no valid Unicode.
            throw new FormatException($"a line has a value of the wrong type: {e.Message}", e);
        }
    }

    private static QmpMessage Classify(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("a line is not a JSON object");
        }
        if (root.TryGetProperty("event", out JsonElement name))
        {
            return name.ValueKind == JsonValueKind.String
                ? new QmpEvent(name.GetString()!, root.TryGetProperty("data", out JsonElement data) ? data.Clone() : default)
                : throw new FormatException("an event has a name of the wrong type");
        }
        if (root.TryGetProperty("QMP", out _))
        {
            return new QmpGreeting();
        }
        long id = root.TryGetProperty("id", out JsonElement number) && number.TryGetInt64(out long value) ? value : 0;
        if (root.TryGetProperty("return", out JsonElement result))
        {
            return new QmpReturn(id, result.Clone());
        }
        if (root.TryGetProperty("error", out JsonElement error))
        {
            return new QmpError(id, Text(error, "class"), Text(error, "desc"));
        }
        throw new FormatException(string.Create(CultureInfo.InvariantCulture,
            $"a line is neither greeting nor event nor answer: {root.GetRawText().AsSpan()[..Math.Min(80, root.GetRawText().Length)]}"));
    }

    private static string Text(JsonElement element, string key) =>
        element.TryGetProperty(key, out JsonElement value) ? value.ToString() : "";
}

/// <summary>The first line of a connection.</summary>
internal sealed record QmpGreeting : QmpMessage;

/// <summary>Something happened in the machine.</summary>
internal sealed record QmpEvent(string Name, JsonElement Data) : QmpMessage;

/// <summary>A command succeeded.</summary>
internal sealed record QmpReturn(long Id, JsonElement Value) : QmpMessage;

/// <summary>A command failed.</summary>
internal sealed record QmpError(long Id, string Class, string Description) : QmpMessage;
