namespace HostLeakCheck;

/// <summary>What a snapshot looks at besides what it always looks at.</summary>
public sealed record SnapshotScope
{
    /// <summary>Always looked into: what is host-wide of the product lies there.</summary>
    public const string RegistryDirectory = "/run/fleeting-plugin-vmpool";

    /// <summary>State and temporary directories: every file below them counts, and every unix socket bound below them.</summary>
    public IReadOnlyList<string> Directories { get; init; } = [];

    /// <summary>Files that may come and go below the directories (the snapshot's own file, a log).</summary>
    public IReadOnlyList<string> ExcludedFiles { get; init; } = [];

    /// <summary>Named network namespaces whose links, addresses, routes and rules count too, besides those of the caller's own.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    /// <summary>
    /// Processes of the host's own network namespace count when their command line, working directory or program holds one of
    /// these texts. Processes of every other namespace always count.
    /// </summary>
    public IReadOnlyList<string> Markers { get; init; } = [];

    /// <summary>
    /// Beginnings of the names of namespaces that belong to somebody else who works on this machine at the same time: they and
    /// the processes in them do not count. Empty on a machine of our own.
    /// </summary>
    public IReadOnlyList<string> IgnoredNamespaces { get; init; } = [];

    internal bool Ignores(string namespaceName) =>
        IgnoredNamespaces.Any(prefix => namespaceName.StartsWith(prefix, StringComparison.Ordinal));
}
