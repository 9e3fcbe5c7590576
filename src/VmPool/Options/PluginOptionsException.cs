namespace VmPool.Options;

/// <summary>The configuration has faults; all of them are in the text, each with key, value and bound.</summary>
public sealed class PluginOptionsException(IReadOnlyList<string> faults)
    : Exception(faults.Count == 1
        ? $"plugin_config: {faults[0]}"
        : $"plugin_config has {faults.Count} faults: " + string.Join("; ", faults.Select((fault, i) => $"({i + 1}) {fault}")))
{
    /// <summary>One sentence for each fault.</summary>
    public IReadOnlyList<string> Faults { get; } = faults;
}
