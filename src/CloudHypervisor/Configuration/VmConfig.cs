namespace CloudHypervisor;

/// <summary>
/// Body of vm.create: the devices of one machine. Everything that Cloud Hypervisor would choose by itself and that must be the
/// same in template and clones is said explicitly. Names and meanings are those of its API. What is not required may be
/// missing in a description that it has saved.
/// </summary>
internal sealed record VmConfig
{
    public required PayloadConfig Payload { get; init; }

    public required CpusConfig Cpus { get; init; }

    public required MemoryConfig Memory { get; init; }

    public required IReadOnlyList<DiskConfig> Disks { get; init; }

    public required IReadOnlyList<NetConfig> Net { get; init; }

    public RngConfig? Rng { get; init; }

    /// <summary>The virtio console.</summary>
    public required ConsoleConfig Console { get; init; }

    public required ConsoleConfig Serial { get; init; }

    public bool LandlockEnable { get; init; }

    /// <summary>What the sandbox allows beside the files of the devices, which it finds by itself.</summary>
    public IReadOnlyList<LandlockRule>? LandlockRules { get; init; }
}

/// <summary>What is booted.</summary>
internal sealed record PayloadConfig
{
    public required string Kernel { get; init; }

    public string? Initramfs { get; init; }

    public string? Cmdline { get; init; }
}

/// <summary>Processors.</summary>
internal sealed record CpusConfig
{
    public required int BootVcpus { get; init; }

    public required int MaxVcpus { get; init; }

    /// <summary>Whether guests may run virtual machines of their own. Where it is not said, Cloud Hypervisor lets them.</summary>
    public required bool Nested { get; init; }
}

/// <summary>Memory: either of a size, or made of zones.</summary>
internal sealed record MemoryConfig
{
    /// <summary>Bytes; 0 with zones.</summary>
    public long Size { get; init; }

    public bool Shared { get; init; }

    public IReadOnlyList<MemoryZone>? Zones { get; init; }
}

/// <summary>Memory that is a file.</summary>
internal sealed record MemoryZone
{
    public required string Id { get; init; }

    /// <summary>Bytes. Cloud Hypervisor does not look whether the file is as long.</summary>
    public required long Size { get; init; }

    public required string File { get; init; }

    /// <summary>Whether writes land in the file.</summary>
    public bool Shared { get; init; }
}

/// <summary>One disk.</summary>
internal sealed record DiskConfig
{
    public required string Id { get; init; }

    public required string Path { get; init; }

    /// <summary>Raw or Qcow2. Without it the content is asked, which a guest writes.</summary>
    public required string ImageType { get; init; }

    /// <summary>Whether the file may name another one that it builds on.</summary>
    public bool BackingFiles { get; init; }

    public bool Readonly { get; init; }

    /// <summary>What the guest sees, at most 20 bytes. Without it every copy of a disk has another one.</summary>
    public string? Serial { get; init; }
}

/// <summary>One network card.</summary>
internal sealed record NetConfig
{
    public required string Id { get; init; }

    /// <summary>An existing TAP that is up, in the process's network namespace.</summary>
    public required string Tap { get; init; }

    /// <summary>The guest's address.</summary>
    public required string Mac { get; init; }

    /// <summary>Receiving and sending ones together.</summary>
    public required int NumQueues { get; init; }

    public int QueueSize { get; init; }
}

/// <summary>Random numbers for the guest.</summary>
internal sealed record RngConfig
{
    public required string Src { get; init; }
}

/// <summary>Where a console goes.</summary>
internal sealed record ConsoleConfig
{
    /// <summary>File or Off. File without a file makes Cloud Hypervisor panic.</summary>
    public required string Mode { get; init; }

    public string? File { get; init; }

    internal static ConsoleConfig Off { get; } = new() { Mode = "Off" };

    internal static ConsoleConfig To(string file) => new() { Mode = "File", File = file };
}

/// <summary>A path that the sandbox allows.</summary>
internal sealed record LandlockRule
{
    /// <summary>Must exist.</summary>
    public required string Path { get; init; }

    /// <summary>r, w or rw.</summary>
    public required string Access { get; init; }
}
