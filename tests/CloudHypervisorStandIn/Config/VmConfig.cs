using System.Text.Json;
using System.Text.Json.Serialization;

namespace CloudHypervisorStandIn;

/// <summary>
/// A machine's configuration with the real one's names, order and defaults, as far as our driver uses it. Properties are
/// settable because the source generator keeps initial values of such properties only.
/// </summary>
internal sealed record VmConfig
{
    public CpusConfig Cpus { get; set; } = new() { BootVcpus = 1, MaxVcpus = 1 };

    public MemoryConfig Memory { get; set; } = new() { Size = 512L << 20 };

    public PayloadConfig? Payload { get; set; }

    public List<DiskConfig>? Disks { get; set; }

    public List<NetConfig>? Net { get; set; }

    public RngConfig Rng { get; set; } = new() { Src = "/dev/urandom" };

    public ConsoleConfig Serial { get; set; } = new() { Mode = "Null" };

    public ConsoleConfig Console { get; set; } = new() { Mode = "Tty" };

    public bool Watchdog { get; set; }

    public bool Pvpanic { get; set; }

    public bool LandlockEnable { get; set; }

    public List<LandlockRule>? LandlockRules { get; set; }

    /// <summary>What the real one knows and this one does not offer, and what neither knows.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>Processors.</summary>
internal sealed record CpusConfig
{
    public required int BootVcpus { get; set; }

    public required int MaxVcpus { get; set; }

    public bool KvmHyperv { get; set; }

    public int MaxPhysBits { get; set; } = 46;

    public bool Nested { get; set; } = true;

    public string CoreScheduling { get; set; } = "Vm";
}

/// <summary>Memory of its own (size), or in zones (size is 0 then).</summary>
internal sealed record MemoryConfig
{
    public required long Size { get; set; }

    public bool Mergeable { get; set; }

    public string HotplugMethod { get; set; } = "Acpi";

    public long? HotplugSize { get; set; }

    public bool Shared { get; set; }

    public bool Hugepages { get; set; }

    public bool Prefault { get; set; }

    public bool Reserve { get; set; }

    public List<MemoryZoneConfig>? Zones { get; set; }

    public bool Thp { get; set; } = true;
}

/// <summary>Memory in a file.</summary>
internal sealed record MemoryZoneConfig
{
    public required string Id { get; set; }

    public required long Size { get; set; }

    public string? File { get; set; }

    public bool Shared { get; set; }

    public bool Hugepages { get; set; }

    public bool Prefault { get; set; }

    public bool Reserve { get; set; }

    public bool Mergeable { get; set; }
}

/// <summary>What is booted.</summary>
internal sealed record PayloadConfig
{
    public string? Firmware { get; set; }

    public string? Kernel { get; set; }

    public string? Cmdline { get; set; }

    public string? Initramfs { get; set; }
}

/// <summary>A disk.</summary>
internal sealed record DiskConfig
{
    public string? Id { get; set; }

    public string? Path { get; set; }

    [JsonPropertyName("readonly")]
    public bool ReadOnly { get; set; }

    public bool Direct { get; set; }

    public int NumQueues { get; set; } = 1;

    public int QueueSize { get; set; } = 128;

    public string? Serial { get; set; }

    public bool BackingFiles { get; set; }

    public bool Sparse { get; set; } = true;

    public string ImageType { get; set; } = "Unknown";

    public string LockGranularity { get; set; } = "ByteRange";
}

/// <summary>A network card.</summary>
internal sealed record NetConfig
{
    public string? Id { get; set; }

    public string? Tap { get; set; }

    public string? Ip { get; set; }

    public string? Mask { get; set; }

    public string? Mac { get; set; }

    public string? HostMac { get; set; }

    public int? Mtu { get; set; }

    public int NumQueues { get; set; } = 2;

    public int QueueSize { get; set; } = 256;

    public bool OffloadTso { get; set; } = true;

    public bool OffloadUfo { get; set; } = true;

    public bool OffloadCsum { get; set; } = true;
}

/// <summary>Source of the guest's random numbers.</summary>
internal sealed record RngConfig
{
    public required string Src { get; set; }
}

/// <summary>Serial port or virtio console.</summary>
internal sealed record ConsoleConfig
{
    public required string Mode { get; set; }

    public string? File { get; set; }
}

/// <summary>What Landlock permits besides the files that the configuration names.</summary>
internal sealed record LandlockRule
{
    public required string Path { get; set; }

    public required string Access { get; set; }
}
