using LinuxHost;
using VmPool.Options;
using VmPool.Storage;

namespace FleetingPlugin.Fleeting;

/// <summary>The directories that the configuration names: made if need be, and writable.</summary>
internal static class ConfiguredDirectories
{
    /// <summary>One sentence for each that cannot be used.</summary>
    public static IEnumerable<string> Faults(GroupOptions options)
    {
        // The usual case, one directory for both, would otherwise be told twice.
        (string Key, string Path)[] directories = options.DiskDirectory == options.StateDirectory
            ? [("state_directory", options.StateDirectory)]
            : [("state_directory", options.StateDirectory), ("vm_disk_directory", options.DiskDirectory)];
        return directories.Select(directory => FaultOf(directory.Key, directory.Path)).OfType<string>();
    }

    /// <summary>What is wrong with one of them; null when it can be used.</summary>
    public static string? FaultOf(string key, string path)
    {
        try
        {
            OwnDirectory.Ensure(path);
            return null;
        }
        catch (HostResourceException e)
        {
            return $"{key} cannot be used: {e.Message}; make it writable or set {key} to another directory";
        }
    }
}
