using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Images;

namespace VmPool.Templates;

/// <summary>
/// The templates of one disk directory, shared by all groups of it:
/// <code>
/// templates/KEY/          a template (see TemplatePaths), or the rest of one that was being made
/// templates/groups/GROUP  key of the template the group uses now
/// templates/.lock-KEY     held while the template is made, verified or removed
/// </code>
/// A template may go when no group names it. Clones keep what they have open: removing its names takes nothing from them.
/// </summary>
internal sealed class TemplateDirectory(string path, ILogger logger)
{
    private static readonly TimeSpan RemoveTimeout = TimeSpan.FromMinutes(5);

    public string LockOf(string key) => Path.Combine(path, ".lock-" + key);

    public TemplatePaths FilesOf(string key) => new(Path.Combine(path, key));

    public void Ensure() => PrivateDirectory.Ensure(path);

    /// <summary>Records which template a group uses, or is about to make: from here on no other process removes it.</summary>
    public void Use(string group, string key)
    {
        string groups = Path.Combine(path, "groups");
        PrivateDirectory.Ensure(groups);
        AtomicFile.Write(Path.Combine(groups, group), key + "\n");
    }

    /// <summary>Removes whatever has this name; the caller holds the lock of the same name.</summary>
    public Task RemoveAsync(string key, CancellationToken cancellationToken) => HostCommand.RunAsync(
        "rm", ["--recursive", "--force", "--one-file-system", "--", FilesOf(key).Directory],
        new HostCommandOptions { Timeout = RemoveTimeout }, cancellationToken);

    /// <summary>Removes templates that no group names, and the rests of killed builds. What cannot be removed is logged and left to the next time.</summary>
    /// <returns>False when something that nobody uses is still there.</returns>
    public async Task<bool> CollectAsync(CancellationToken cancellationToken)
    {
        bool clean = true;
        foreach (string key in Keys())
        {
            string directory = FilesOf(key).Directory;
            try
            {
                using FileLock? alone = FileLock.TryAcquire(LockOf(key));
                // Asked under the lock: a group names what it wants first and looks for it, under the lock, after that.
                if (alone is null || (IsNamed(key) && TemplateManifest.TryRead(FilesOf(key)) is not null))
                {
                    continue;
                }
                await RemoveAsync(key, cancellationToken);
                logger.Removed(directory);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or HostResourceException or HostCommandException)
            {
                clean = false;
                logger.NotRemoved(directory, e.Message);
            }
        }
        return clean;
    }

    private IReadOnlyList<string> Keys() => Directory.Exists(path)
        ? [.. Directory.GetDirectories(path).Select(directory => Path.GetFileName(directory)).Where(InputsHash.Is)]
        : [];

    private bool IsNamed(string key)
    {
        string groups = Path.Combine(path, "groups");
        return Directory.Exists(groups)
            && Directory.GetFiles(groups).Where(file => !TemporaryName.IsLeftover(file)).Any(file => File.ReadAllText(file).Trim() == key);
    }
}
