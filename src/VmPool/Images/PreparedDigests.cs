using System.Text.Json;
using System.Text.Json.Serialization;
using LinuxHost;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using VmPool.Templates;

namespace VmPool.Images;

/// <summary>
/// Checksums of the operator's files. A disk takes minutes to read, so what was found is remembered and believed as long as a
/// file has the same inode, size and modification time.
/// </summary>
/// <param name="path">The memory; an absent or unreadable one only means that everything is read.</param>
/// <param name="logger">Told when a file is read.</param>
internal sealed class PreparedDigests(string path, ILogger logger)
{
    /// <summary>One checksum for each file, in the same order.</summary>
    /// <param name="files">Paths.</param>
    /// <param name="anew">Believes nothing and reads all.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="HostResourceException">A file cannot be read or is no regular one.</exception>
    /// <exception cref="ImageBuildException">A file changed while it was read.</exception>
    public IReadOnlyList<string> Of(IReadOnlyList<string> files, bool anew, CancellationToken cancellationToken)
    {
        IReadOnlyList<KnownDigest> known = anew ? [] : Load();
        KnownDigest[] found = [.. files.Select(file => Find(file, known, cancellationToken))];
        if (!found.SequenceEqual(known))
        {
            PrivateDirectory.Ensure(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, JsonSerializer.Serialize(found, PreparedJson.Default.KnownDigestArray));
        }
        return [.. found.Select(file => file.Digest)];
    }

    private KnownDigest Find(string file, IReadOnlyList<KnownDigest> known, CancellationToken cancellationToken)
    {
        SeenFile stamp = Look(file);
        if (known.FirstOrDefault(digest => digest.Stamp == stamp) is { } remembered)
        {
            return remembered;
        }
        logger.PreparedFileRead(file, stamp.Size >> 20);
        string digest = DataDigest.Of(file, cancellationToken);
        return Look(file) == stamp
            ? new KnownDigest(stamp, digest)
            : throw new ImageBuildException($"{file} changed while it was read; put a new file beside it and rename it over the old one");
    }

    private static SeenFile Look(string file)
    {
        // It may have become a pipe meanwhile, which nobody should wait for.
        using SafeFileHandle regular = RegularFile.Open(file);
        return SeenFile.Of(file, file);
    }

    private KnownDigest[] Load()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(path), PreparedJson.Default.KnownDigestArray) ?? [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // Not remembered only means that it is read again.
            return [];
        }
    }
}

/// <summary>A file as it looked when it had this checksum.</summary>
internal sealed record KnownDigest(SeenFile Stamp, string Digest);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(KnownDigest[]))]
internal sealed partial class PreparedJson : JsonSerializerContext;
