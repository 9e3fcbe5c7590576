namespace CloudHypervisor;

/// <summary>Names of the files in a template's directory.</summary>
internal static class TemplateFiles
{
    /// <summary>The guest's memory, as large as it and sparse.</summary>
    internal const string Memory = "memory";

    /// <summary>Description of the machine as Cloud Hypervisor saved it, changed once by us; named by it.</summary>
    internal const string Config = "config.json";

    /// <summary>Processors and devices; named by Cloud Hypervisor.</summary>
    internal const string State = "state.json";

    /// <summary>What Cloud Hypervisor does not compare when it restores.</summary>
    internal const string Record = "machine.json";

    /// <summary>Memory that is in no file; a template of ours has none.</summary>
    internal const string MemoryRanges = "memory-ranges";
}
