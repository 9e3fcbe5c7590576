using System.Text.Json;
using System.Text.Json.Serialization;
using LinuxHost;
using VmPool.Ports;

namespace VmPool.Storage;

/// <summary>Where a group's template stands, written by its plugin for `status`, which runs beside it.</summary>
public static class TemplateNote
{
    /// <summary>Writes it, where the group has been opened.</summary>
    /// <exception cref="HostResourceException">It cannot be written.</exception>
    public static void Save(string groupStateDirectory, TemplateStatus status)
    {
        if (Directory.Exists(groupStateDirectory))
        {
            AtomicFile.Write(GroupFiles.TemplatePath(groupStateDirectory), JsonSerializer.SerializeToUtf8Bytes(status, TemplateNoteJson.Default.TemplateStatus));
        }
    }

    /// <summary>Takes it back: without its plugin nobody knows where the template stands.</summary>
    public static void Remove(string groupStateDirectory)
    {
        if (Directory.Exists(groupStateDirectory))
        {
            File.Delete(GroupFiles.TemplatePath(groupStateDirectory));
        }
    }

    /// <summary>Reads it; absent when the group's template was never asked for.</summary>
    public static TemplateStatus? TryRead(string groupStateDirectory)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(GroupFiles.TemplatePath(groupStateDirectory)), TemplateNoteJson.Default.TemplateStatus);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null; // The group was never opened, or by another version.
        }
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TemplateStatus))]
internal sealed partial class TemplateNoteJson : JsonSerializerContext;
