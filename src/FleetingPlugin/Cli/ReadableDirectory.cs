using VmPool;

namespace FleetingPlugin.Cli;

/// <summary>A directory of the plugin seen by a person, who may not be root.</summary>
internal static class ReadableDirectory
{
    /// <summary>Whether there is one; to somebody who may not look inside, an empty one and a full one would look alike.</summary>
    /// <exception cref="HostRequirementException">There is something that cannot be looked into.</exception>
    public static bool Exists(string path)
    {
        if (File.Exists(path))
        {
            throw new HostRequirementException($"{path} cannot be read: it is a file, not a directory");
        }
        try
        {
            using IEnumerator<string> entries = Directory.EnumerateFileSystemEntries(path).GetEnumerator();
            entries.MoveNext();
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return false;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new HostRequirementException($"{path} can be read by its owner only; run this as root", e);
        }
        catch (IOException e)
        {
            throw new HostRequirementException($"{path} cannot be read: {e.Message}", e);
        }
    }
}
