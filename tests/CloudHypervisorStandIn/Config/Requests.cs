namespace CloudHypervisorStandIn;

/// <summary>Body of vm.snapshot.</summary>
internal sealed record SnapshotConfig
{
    public required string DestinationUrl { get; set; }
}

/// <summary>Body of vm.restore.</summary>
internal sealed record RestoreConfig
{
    public required string SourceUrl { get; set; }

    public bool Prefault { get; set; }

    public string MemoryRestoreMode { get; set; } = "Copy";

    public List<RestoredNet>? NetFds { get; set; }

    public bool Resume { get; set; }
}

/// <summary>Descriptors that come with vm.restore for one network card.</summary>
internal sealed record RestoredNet
{
    public required string Id { get; set; }

    public required int NumFds { get; set; }
}

/// <summary>Answer of vmm.ping.</summary>
internal sealed record PingAnswer
{
    public required string BuildVersion { get; set; }

    public required string Version { get; set; }

    public required int Pid { get; set; }

    public required string[] Features { get; set; }
}

/// <summary>Answer of vm.info.</summary>
internal sealed record InfoAnswer
{
    public required VmConfig Config { get; set; }

    public required string State { get; set; }

    public required long MemoryActualSize { get; set; }

    public required Dictionary<string, DeviceNode> DeviceTree { get; set; }
}

/// <summary>One device of vm.info's tree.</summary>
internal sealed record DeviceNode
{
    public required string Id { get; set; }

    public string[] Children { get; set; } = [];

    public required string PciBdf { get; set; }
}
