using System.Text;
using System.Text.Json;

namespace VmPool.Storage;

/// <summary>Writes cloud-init user-data. JSON is YAML too and has only one way of quoting, so values need no care.</summary>
internal static class CloudConfig
{
    /// <summary>The complete user-data text with the keys that <paramref name="keys"/> writes.</summary>
    public static string Write(Action<Utf8JsonWriter> keys)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            keys(json);
            json.WriteEndObject();
        }
        return "#cloud-config\n" + Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    /// <summary>One entry of write_files.</summary>
    public static void WriteFile(Utf8JsonWriter json, string path, string owner, string mode, string content)
    {
        json.WriteStartObject();
        json.WriteString("path", path);
        json.WriteString("owner", owner);
        json.WriteString("permissions", mode);
        json.WriteString("content", content);
        json.WriteEndObject();
    }
}
