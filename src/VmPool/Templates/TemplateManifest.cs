using System.Text.Json;
using System.Text.Json.Serialization;
using LinuxHost;

namespace VmPool.Templates;

/// <summary>What is known about a finished template.</summary>
internal sealed record TemplateManifest
{
    public required string Key { get; init; }

    /// <summary>Hash of the image it was booted from.</summary>
    public required string ImageHash { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>The hypervisor as it describes itself.</summary>
    public required string Hypervisor { get; init; }

    /// <summary>Relative path of the root disk.</summary>
    public required string Disk { get; init; }

    /// <summary>raw or qcow2.</summary>
    public required string DiskFormat { get; init; }

    /// <summary>Relative path of the seed; absent where the image reads none.</summary>
    public required string? Seed { get; init; }

    /// <summary>Checksum of the data of every file that clones read, by relative path.</summary>
    public required IReadOnlyDictionary<string, string> Checksums { get; init; }

    /// <summary>Milliseconds of each step.</summary>
    public required IReadOnlyDictionary<string, long> Durations { get; init; }

    /// <summary>Absent when there is no readable manifest.</summary>
    public static TemplateManifest? TryRead(TemplatePaths files)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(files.Manifest), TemplateJson.Default.TemplateManifest);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // Without a manifest it is no template but the rest of a killed build, which the next one removes.
            return null;
        }
    }

    public void Write(TemplatePaths files) =>
        AtomicFile.Write(files.Manifest, JsonSerializer.Serialize(this, TemplateJson.Default.TemplateManifest), fsync: true);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(TemplateManifest))]
[JsonSerializable(typeof(CheckedFiles))]
internal sealed partial class TemplateJson : JsonSerializerContext;
