namespace CloudHypervisor;

/// <summary>Names of the files in a machine's directory.</summary>
internal static class MachineFiles
{
    /// <summary>Control socket, made by us and inherited.</summary>
    internal const string Socket = "api.sock";

    /// <summary>Pipe that takes the events, made by us and inherited.</summary>
    internal const string Events = "events";

    /// <summary>Cloud Hypervisor's own standard output and error, and those of the steps before it.</summary>
    internal const string ProcessLog = "cloud-hypervisor.log";

    /// <summary>Directory that a template's process saves itself to; only there it can write.</summary>
    internal const string Snapshot = "snapshot";
}
