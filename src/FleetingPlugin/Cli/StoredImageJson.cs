using System.Text.Json;
using System.Text.Json.Serialization;
using VmPool.Images;

namespace FleetingPlugin.Cli;

/// <summary>Images as <c>image ls --json</c> prints them.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IReadOnlyList<StoredImage>))]
internal sealed partial class StoredImageJson : JsonSerializerContext
{
    public static string Format(IReadOnlyList<StoredImage> images) => JsonSerializer.Serialize(images, Default.IReadOnlyListStoredImage);
}
