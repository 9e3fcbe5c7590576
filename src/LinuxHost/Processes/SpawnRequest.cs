using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>What a long-lived child process is started with. Nothing else of ours reaches it; its working directory is /.</summary>
public sealed record SpawnRequest
{
    /// <summary>Absolute path or a name looked up in <see cref="CleanEnvironment"/>'s PATH.</summary>
    public required string Program { get; init; }

    /// <summary>Arguments after argv[0].</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>File for standard output and standard error together, opened for append, mode 0600.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Added to the clean environment; never a secret.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Descriptors the child gets, keyed by the number it sees (3 or higher). Everything else is closed on exec.</summary>
    public IReadOnlyDictionary<int, SafeFileHandle> InheritedDescriptors { get; init; } = new Dictionary<int, SafeFileHandle>();
}
