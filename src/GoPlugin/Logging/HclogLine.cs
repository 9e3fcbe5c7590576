using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace GoPlugin.Logging;

/// <summary>
/// One log entry in the form go-plugin's host parses from stderr: a JSON object on one line. A key starting with @ and
/// of another type than string crashes the host; any deviation in level or timestamp demotes the whole line to debug.
/// </summary>
internal static class HclogLine
{
    // The host cuts lines at 64 KiB and then takes the pieces for text.
    internal const int MaxBytes = 60_000;

    private const int LongestMessage = 16_000;
    private const int LongestField = 4_000;

    // Exactly six digits: .NET's own round-trip format has seven, which hclog does not read.
    private const string TimestampFormat = "yyyy-MM-ddTHH:mm:ss.ffffffZ";

    // The reader is a log, not a browser: quotes and line breaks are escaped, other letters stay legible.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static ReadOnlyMemory<byte> Format(HclogEntry entry)
    {
        var line = new ArrayBufferWriter<byte>(512);
        // Escapes may make six bytes of one character, and fields may be many: shorten until it fits.
        for (var divisor = 1; ; divisor *= 4)
        {
            Write(line, entry, LongestMessage / divisor, LongestField / divisor);
            if (line.WrittenCount < MaxBytes)
            {
                return line.WrittenMemory;
            }

            line.Clear();
            if (divisor >= 256)
            {
                // Only an absurd number of fields gets here.
                Write(line, entry with { State = null }, LongestMessage / divisor, LongestField / divisor);
                return line.WrittenMemory;
            }
        }
    }

    private static void Write(ArrayBufferWriter<byte> line, HclogEntry entry, int longestMessage, int longestField)
    {
        using (var json = new Utf8JsonWriter(line, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("@level", LevelName(entry.Level));
            json.WriteString("@message", Shorten(entry.Message, longestMessage));
            json.WriteString("@module", Shorten(entry.Module, longestField));
            json.WriteString("@timestamp", entry.Time.UtcDateTime.ToString(TimestampFormat, CultureInfo.InvariantCulture));
            if (entry.State is not null)
            {
                foreach (var (key, value) in entry.State)
                {
                    HclogField.Write(json, key, value, longestField);
                }
            }

            if (entry.Error is not null)
            {
                json.WriteString("error", Shorten(entry.Error, longestMessage));
            }

            json.WriteEndObject();
        }

        line.Write("\n"u8);
    }

    internal static string Shorten(string text, int longest) => text.Length <= longest ? text : text[..longest] + "...";

    private static string LevelName(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        // hclog has nothing above error.
        _ => "error",
    };
}
