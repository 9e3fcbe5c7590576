namespace CloudHypervisorStandIn;

/// <summary>state.json as a whole: the real one's tree, in whose text this one keeps what it needs.</summary>
internal sealed record MachineState
{
    /// <summary>The real one's parts; here they are empty.</summary>
    public Dictionary<string, MachineState> Snapshots { get; set; } = [];

    public Dictionary<string, string>? SnapshotData { get; set; }
}

/// <summary>What a saved machine is restored from besides its memory.</summary>
internal sealed record SavedDevices
{
    /// <summary>What it was made of.</summary>
    public required VmConfig Config { get; set; }

    /// <summary>Bytes of its disks, in the order of the configuration.</summary>
    public required long[] DiskSizes { get; set; }

    /// <summary>QEMU's state of its devices.</summary>
    public required byte[] Devices { get; set; }
}
