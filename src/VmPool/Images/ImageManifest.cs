using System.Text.Json;
using System.Text.Json.Serialization;
using LinuxHost;

namespace VmPool.Images;

/// <summary>What is known about a finished generation; its presence is what makes the directory a generation.</summary>
internal sealed record ImageManifest
{
    public const string FileName = "manifest.json";

    public required string Hash { get; init; }

    public required string RootHash { get; init; }

    public required string User { get; init; }

    public required string KernelCommandLine { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Where it was fetched from: package sources, or the operator's files.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    public required IReadOnlyList<string> Commands { get; init; }

    public required string? RunnerVersion { get; init; }

    public required int DiskSizeGb { get; init; }

    /// <summary>Brought by the operator.</summary>
    public bool Prepared { get; init; }

    /// <summary>A prepared image whose kernel needs no initial RAM disk. False where it is not said: a value that is absent is read as its type's own.</summary>
    public bool WithoutInitrd { get; init; }

    /// <summary>Milliseconds of each step.</summary>
    public required IReadOnlyDictionary<string, long> Durations { get; init; }

    /// <summary>Absent when there is no readable manifest in the directory.</summary>
    public static ImageManifest? TryRead(string directory)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(Path.Combine(directory, FileName)), ImageJson.Default.ImageManifest);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // Without a manifest it is no generation; it is listed as nothing and removed as a leftover.
            return null;
        }
    }

    public void Write(string directory) => AtomicFile.Write(
        Path.Combine(directory, FileName), JsonSerializer.Serialize(this, ImageJson.Default.ImageManifest), GuestFile.Readable, fsync: true);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(ImageManifest))]
internal sealed partial class ImageJson : JsonSerializerContext;
