using System.Text.Json;
using LinuxHost;

namespace VmPool.Templates;

/// <summary>
/// Whether a template's files still hold what they held when it was made. Reading them all takes a second or more, so it is
/// done only when something could have changed them: another boot of the host, another inode, size or modification time.
/// </summary>
internal static class TemplateCheck
{
    /// <summary>Checksum of every file that clones read, by relative path.</summary>
    public static IReadOnlyDictionary<string, string> Measure(TemplatePaths files, CancellationToken cancellationToken) =>
        files.Content().ToDictionary(name => name, name => DataDigest.Of(Path.Combine(files.Directory, name), cancellationToken));

    /// <summary>Notes that the files have their checksums as they are now.</summary>
    public static void Remember(TemplatePaths files) =>
        AtomicFile.Write(files.Checked, JsonSerializer.Serialize(Look(files), TemplateJson.Default.CheckedFiles));

    /// <summary>Checks a finished template.</summary>
    /// <returns>Empty when all is well, else what is wrong.</returns>
    public static string Fault(TemplatePaths files, TemplateManifest manifest, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> content = files.Content();
        if (!content.SequenceEqual(manifest.Checksums.Keys.Order(StringComparer.Ordinal)))
        {
            return $"it consists of {string.Join(", ", content)}, but was made with {string.Join(", ", manifest.Checksums.Keys)}";
        }
        if (LastCheck(files) is { } last && last.Equals(Look(files)))
        {
            return "";
        }
        foreach ((string name, string checksum) in Measure(files, cancellationToken))
        {
            if (manifest.Checksums[name] != checksum)
            {
                return $"{Path.Combine(files.Directory, name)} has changed since it was made: its data has SHA-256 {checksum}, not {manifest.Checksums[name]}";
            }
        }
        Remember(files);
        return "";
    }

    private static CheckedFiles Look(TemplatePaths files) => new(
        ProcessTable.BootId,
        [.. files.Content().Select(name => SeenFile.Of(name, Path.Combine(files.Directory, name)))]);

    private static CheckedFiles? LastCheck(TemplatePaths files)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(files.Checked), TemplateJson.Default.CheckedFiles);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // Not remembered only means that it is done again.
            return null;
        }
    }
}

/// <summary>What the files looked like when they were last found to be right.</summary>
internal sealed record CheckedFiles(string BootId, IReadOnlyList<SeenFile> Files)
{
    public bool Equals(CheckedFiles? other) => other is not null && other.BootId == BootId && other.Files.SequenceEqual(Files);

    public override int GetHashCode() => HashCode.Combine(BootId, Files.Count);
}

/// <summary>What changes when a file's content does.</summary>
internal sealed record SeenFile(string Name, ulong Inode, long Size, DateTimeOffset Modified)
{
    public static SeenFile Of(string name, string path)
    {
        var file = new FileInfo(path);
        return new SeenFile(name, FileIdentity.InodeOf(path), file.Length, file.LastWriteTimeUtc);
    }
}
