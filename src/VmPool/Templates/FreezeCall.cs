using System.Text;
using System.Text.Json;
using VmPool.Images;
using VmPool.Options;

namespace VmPool.Templates;

/// <summary>What the image's freeze program is told by its standard input: it makes the guest ready to be copied.</summary>
internal static class FreezeCall
{
    /// <summary>For the login user's shell.</summary>
    public const string Command = "sudo " + TemplateFiles.FreezeProgram;

    public static string Input(ImageOptions options)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("ready_command", options.TemplateReadyCommand);
            json.WriteStartArray("restart_units");
            foreach (string unit in options.RestartUnits)
            {
                json.WriteStringValue(unit);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }
}
