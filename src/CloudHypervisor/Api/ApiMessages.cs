namespace CloudHypervisor;

/// <summary>Body of vm.restore: a machine goes on where a saved one stopped.</summary>
internal sealed record RestoreCall
{
    /// <summary>The snapshot directory, as the process sees it, with file:// in front.</summary>
    public required string SourceUrl { get; init; }

    /// <summary>Lets the guest run before the call is answered.</summary>
    public required bool Resume { get; init; }
}

/// <summary>Body of vm.snapshot.</summary>
internal sealed record SnapshotCall
{
    /// <summary>An existing directory, as the process sees it, with file:// in front.</summary>
    public required string DestinationUrl { get; init; }
}

/// <summary>What we read of the answer to vm.info.</summary>
internal sealed record MachineInfo
{
    /// <summary>Created, Running, Shutdown, Paused or BreakPoint.</summary>
    public string? State { get; init; }
}

/// <summary>Answer to vmm.ping.</summary>
internal sealed record PingAnswer
{
    /// <summary>As <c>-V</c> prints it, for example v53.0.</summary>
    public string? BuildVersion { get; init; }
}

/// <summary>
/// What one device has done, from vm.counters. Counters that are not known yet (a latency before the first request) read as
/// 18446744073709551615, so all of them are unsigned.
/// </summary>
internal sealed class DeviceCounters : Dictionary<string, ulong>;
