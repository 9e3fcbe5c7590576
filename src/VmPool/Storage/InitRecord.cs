using System.Text.Json;
using System.Text.Json.Serialization;
using LinuxHost;

namespace VmPool.Storage;

/// <summary>
/// What the last Init of a group was given, so that commands work beside a running plugin without being told again. Holds
/// no credentials.
/// </summary>
/// <param name="Version">Of the plugin that wrote it.</param>
/// <param name="Hypervisor">The one chosen.</param>
/// <param name="Config">plugin_config, JSON text.</param>
/// <param name="Username">The connector's username; empty when none was set.</param>
public sealed record InitRecord(string Version, string Hypervisor, string Config, string Username)
{
    /// <summary>Writes it into the group's state directory.</summary>
    public void Save(string groupStateDirectory) => AtomicFile.Write(
        GroupFiles.InitPath(groupStateDirectory), JsonSerializer.SerializeToUtf8Bytes(this, InitJson.Default.InitRecord), fsync: false);

    /// <summary>Reads it; absent when there is none or it cannot be understood.</summary>
    public static InitRecord? TryRead(string groupStateDirectory)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(GroupFiles.InitPath(groupStateDirectory)), InitJson.Default.InitRecord);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null; // The group was never opened, or by another version; the commands then ask for --config.
        }
    }
}

/// <summary>Names of the files in a group's state directory.</summary>
public static class GroupFiles
{
    /// <summary>Held by the living process of the group.</summary>
    public static string LockPath(string groupStateDirectory) => Path.Combine(groupStateDirectory, "lock");

    /// <summary>See <see cref="InitRecord"/>.</summary>
    public static string InitPath(string groupStateDirectory) => Path.Combine(groupStateDirectory, "init.json");

    /// <summary>See <see cref="TemplateNote"/>.</summary>
    public static string TemplatePath(string groupStateDirectory) => Path.Combine(groupStateDirectory, "template.json");
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(InitRecord))]
internal sealed partial class InitJson : JsonSerializerContext;
