using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace CloudHypervisorStandIn;

/// <summary>
/// Tells what happens as the real one does: indented JSON objects, each followed by an empty line. An event that the other
/// side does not take at once is lost.
/// </summary>
internal sealed class EventMonitor : IDisposable
{
    private static readonly JsonWriterOptions Format = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly FileStream? _file;
    private readonly long _start = Stopwatch.GetTimestamp();

    private EventMonitor(FileStream? file) => _file = file;

    /// <exception cref="IOException">The file cannot be made.</exception>
    internal static EventMonitor Open(Endpoint? target)
    {
        if (target is null)
        {
            return new EventMonitor(null);
        }
        SafeFileHandle handle = target.Path is { } path
            ? File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite)
            : new SafeFileHandle(target.Descriptor!.Value, ownsHandle: true);
        Native.SetNonBlocking(handle);
        return new EventMonitor(new FileStream(handle, FileAccess.Write, bufferSize: 0));
    }

    internal void Emit(string source, string happened, string? id = null)
    {
        if (_file is null)
        {
            return;
        }
        try
        {
            _file.Write(Encode(Stopwatch.GetElapsedTime(_start), source, happened, id));
        }
        catch (IOException)
        {
            // As the real one: nobody reads it, or not fast enough.
        }
    }

    public void Dispose() => _file?.Dispose();

    /// <summary>One event as it is written.</summary>
    internal static byte[] Encode(TimeSpan since, string source, string happened, string? id)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, Format))
        {
            json.WriteStartObject();
            json.WriteStartObject("timestamp");
            json.WriteNumber("secs", since.Ticks / TimeSpan.TicksPerSecond);
            json.WriteNumber("nanos", since.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
            json.WriteEndObject();
            json.WriteString("source", source);
            json.WriteString("event", happened);
            if (id is null)
            {
                json.WriteNull("properties");
            }
            else
            {
                json.WriteStartObject("properties");
                json.WriteString("id", id);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        text.Write("\n\n"u8);
        return text.ToArray();
    }
}
