namespace VmPool.Images;

/// <summary>One line of apt's sources: where packages come from.</summary>
/// <param name="Uri">Archive root without a trailing slash.</param>
/// <param name="Suite">Release or pocket, for example bookworm-security.</param>
public sealed record PackageSource(string Uri, string Suite)
{
    /// <summary>As apt and mmdebstrap read it; only the free component is used.</summary>
    public override string ToString() => $"deb {Uri} {Suite} main";
}

/// <summary>Finds the Debian archive that this host itself installs from.</summary>
public static class AptSources
{
    private static readonly string[] DebianSuites =
        ["stable", "oldstable", "testing", "unstable", "sid", "bullseye", "bookworm", "trixie", "forky", "duke"];

    /// <summary>Sources of the release, taken from the host's files below the directory (normally /etc/apt).</summary>
    /// <param name="aptDirectory">Holds sources.list and sources.list.d.</param>
    /// <param name="release">The image's release, whatever the host's own is.</param>
    /// <param name="mirror">Replaces the main archive; the security archive stays the host's.</param>
    /// <exception cref="HostRequirementException">No Debian archive was found and no mirror is configured.</exception>
    public static IReadOnlyList<PackageSource> Find(string aptDirectory, string release, string? mirror)
    {
        List<AptEntry> entries = Files(aptDirectory).SelectMany(AptEntry.Read).Where(IsDebian).ToList();
        AptEntry? main = entries.Find(entry => entry.Pocket.Length == 0);
        string? archive = mirror?.TrimEnd('/') ?? main?.Uri;
        if (archive is null)
        {
            throw new HostRequirementException(
                $"cannot tell which Debian package mirror to build the image from: no entry for a Debian release in {aptDirectory}/sources.list or {aptDirectory}/sources.list.d; set image.mirror to the URL of one");
        }

        // Only neighbours of the main entry: other files hold other vendors' archives.
        List<AptEntry> beside = main is null ? [] : entries.Where(entry => entry.File == main.File).ToList();
        var sources = new List<PackageSource> { new(archive, release) };
        if (beside.Exists(entry => entry.Pocket == "updates"))
        {
            sources.Add(new PackageSource(archive, release + "-updates"));
        }
        if (beside.Find(entry => entry.Pocket == "security") is { } security)
        {
            sources.Add(new PackageSource(security.Uri, release + "-security"));
        }
        return sources;
    }

    // apt itself has no order of precedence; the distribution's own files come first so that they win.
    private static IEnumerable<string> Files(string aptDirectory)
    {
        string parts = Path.Combine(aptDirectory, "sources.list.d");
        IEnumerable<string> more = Directory.Exists(parts)
            ? Directory.GetFiles(parts).Where(file => file.EndsWith(".sources", StringComparison.Ordinal) || file.EndsWith(".list", StringComparison.Ordinal))
            : [];
        return more.Prepend(Path.Combine(aptDirectory, "sources.list"))
            .Where(File.Exists)
            .OrderBy(file => Path.GetFileName(file) switch { "sources.list" => 0, "debian.sources" => 1, _ => 2 })
            .ThenBy(file => file, StringComparer.Ordinal);
    }

    // Vendors also offer "bookworm main"; what tells Debian's own archive is the key that signs it.
    private static bool IsDebian(AptEntry entry)
        => DebianSuites.Contains(entry.Release) && entry.Components.Contains("main")
            && (entry.SignedBy.Length == 0 || Path.GetFileName(entry.SignedBy).StartsWith("debian-archive", StringComparison.Ordinal));
}
