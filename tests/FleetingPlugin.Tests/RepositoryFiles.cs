namespace FleetingPlugin.Tests;

/// <summary>Finds files of the source tree from a test's output folder.</summary>
internal static class RepositoryFiles
{
    public static string Path(params string[] parts)
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(System.IO.Path.Combine(directory.FullName, "FleetingPluginVmPool.slnx")))
        {
            directory = directory.Parent;
        }

        return directory is null
            ? throw new InvalidOperationException($"no FleetingPluginVmPool.slnx above {AppContext.BaseDirectory}: these tests run inside the source tree")
            : System.IO.Path.Combine([directory.FullName, .. parts]);
    }
}
