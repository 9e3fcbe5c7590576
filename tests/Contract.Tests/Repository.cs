namespace Contract.Tests;

/// <summary>Where the sources and the published plugin are.</summary>
internal static class Repository
{
    /// <summary>The directory of the solution file.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The published plugin: <c>VMPOOL_PLUGIN</c>, else what <c>make publish</c> makes.</summary>
    public static string Plugin
    {
        get
        {
            string path = Environment.GetEnvironmentVariable("VMPOOL_PLUGIN") is { Length: > 0 } chosen
                ? Path.GetFullPath(chosen, Root)
                : Path.Combine(Root, "artifacts", "publish", "fleeting-plugin-vmpool");
            return File.Exists(path) ? path : throw new FileNotFoundException($"There is no plugin to test at {path}: run make publish, or set VMPOOL_PLUGIN.");
        }
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "FleetingPluginVmPool.slnx")))
            {
                return directory.FullName;
            }
        }
        throw new DirectoryNotFoundException($"No directory above {AppContext.BaseDirectory} holds FleetingPluginVmPool.slnx.");
    }
}
