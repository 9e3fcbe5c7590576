using System.Net;

namespace VmPool.Options;

/// <summary>One group's configuration, complete and valid: defaults are filled in, nothing here depends on the host's state.</summary>
public sealed record GroupOptions
{
    /// <summary>Group name, <c>[a-z][a-z0-9-]{0,15}</c>, unique on the host.</summary>
    public string Name { get; init; } = "default";

    /// <summary>Root of our state, mode 0700.</summary>
    public string StateDirectory { get; init; } = "/var/lib/fleeting-plugin-vmpool";

    /// <summary>Root of images and instance disks: <c>images/</c> and <c>groups/NAME/</c>. May be a tmpfs.</summary>
    public string DiskDirectory { get; init; } = "/var/lib/fleeting-plugin-vmpool";

    /// <summary>Size in GiB of a file system of our own, in a file, that is mounted at <see cref="DiskDirectory"/>; 0 for none.</summary>
    public int DiskLoopGb { get; init; }

    /// <summary>Most instances of this group; absent means as many as the subnet has slots.</summary>
    public int? MaxVms { get; init; }

    /// <summary>Deadline from the start's beginning, when the image is ready and a place at the gate is free, to <c>running</c>; absent means 5 min, 10 min under emulation.</summary>
    public TimeSpan? BootTimeout { get; init; }

    /// <summary>Deadline from the start's beginning, when the template is ready and a place at the gate is free, to <c>running</c>; absent means 30 s, 2 min under emulation.</summary>
    public TimeSpan? CloneTimeout { get; init; }

    /// <summary>Clones that wait resumed and identified, so that the next Increase takes no time.</summary>
    public int Spares { get; init; }

    /// <summary>Most instances that start at the same time; absent means the number of cores.</summary>
    public int? ParallelStarts { get; init; }

    /// <summary>Which hypervisor and how.</summary>
    public HypervisorOptions Hypervisor { get; init; } = new();

    /// <summary>Shape of every machine.</summary>
    public MachineOptions Machine { get; init; } = new();

    /// <summary>Slots and policy.</summary>
    public NetworkOptions Network { get; init; } = new();

    /// <summary>What the image is made of.</summary>
    public ImageOptions Image { get; init; } = new();

    /// <summary>Only read when the hypervisor is <c>simulated</c>.</summary>
    public SimulationOptions Simulation { get; init; } = new();

    /// <summary>Where this group keeps locks and records.</summary>
    public string GroupStateDirectory => Path.Combine(StateDirectory, "groups", Name);

    /// <summary>Where this group keeps one directory for each instance's disks, sockets and logs.</summary>
    public string GroupDiskDirectory => Path.Combine(DiskDirectory, "groups", Name);

    /// <summary>Where images are kept, shared by all groups of the disk directory.</summary>
    public string ImagesDirectory => Path.Combine(DiskDirectory, "images");

    /// <summary>Where templates are kept, shared by all groups of the disk directory.</summary>
    public string TemplatesDirectory => Path.Combine(DiskDirectory, "templates");
}

/// <summary>Which hypervisor and how.</summary>
public sealed record HypervisorOptions
{
    /// <summary>auto, cloud-hypervisor, qemu or simulated.</summary>
    public string Name { get; init; } = "auto";

    /// <summary>auto, kvm or tcg.</summary>
    public string Accelerator { get; init; } = "auto";

    /// <summary>clone or boot.</summary>
    public string Start { get; init; } = "clone";
}

/// <summary>Shape of every machine of the group.</summary>
public sealed record MachineOptions
{
    /// <summary>Login user; an operator's connector username or <c>ci</c>.</summary>
    public string User { get; init; } = "ci";

    /// <summary>Virtual CPUs.</summary>
    public int Cpus { get; init; } = 2;

    /// <summary>Guest memory in MiB.</summary>
    public int MemoryMb { get; init; } = 4096;

    /// <summary>Size of the root disk in GiB (sparse).</summary>
    public int DiskSizeGb { get; init; } = 40;

    /// <summary>Adds a virtio console beside the serial one.</summary>
    public bool VirtioConsole { get; init; }

    /// <summary>Lets the guest run virtual machines of its own.</summary>
    public bool Nested { get; init; }
}

/// <summary>Slots and policy.</summary>
public sealed record NetworkOptions
{
    /// <summary>Addresses of the slots, one /31 each; may be shared by groups.</summary>
    public IPNetwork Subnet { get; init; } = IPNetwork.Parse("10.210.0.0/20");

    /// <summary>Interface to the internet; absent means the one of the default route.</summary>
    public string? EgressInterface { get; init; }

    /// <summary>Private destinations a guest may reach: <c>CIDR</c>, <c>CIDR:port</c> or <c>host:port</c>.</summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>Resolvers; empty means the host's.</summary>
    public IReadOnlyList<IPAddress> Dns { get; init; } = [];

    /// <summary>TCP port of the guest's SSH server that the runner is told, 1 to 65535; reachable beside 22.</summary>
    public int SshPort { get; init; } = 22;

    /// <summary>Whether forwarding on our interfaces and the egress interface is ours to switch on.</summary>
    public bool ManageSysctl { get; init; } = true;
}

/// <summary>What the image is made of.</summary>
public sealed record ImageOptions
{
    /// <summary>Code name of the Debian release: bookworm or trixie.</summary>
    public string Release { get; init; } = "bookworm";

    /// <summary>Debian package mirror; absent means that of the host's apt sources.</summary>
    public string? Mirror { get; init; }

    /// <summary>Extra commands of the one-time preparation boot, as fleetingd's key of the same name reads them.</summary>
    public IReadOnlyList<string> PrebuildCommands { get; init; } = [];

    /// <summary>Puts Docker in.</summary>
    public bool Docker { get; init; }

    /// <summary>Shell command that must succeed in the template, as root, before it is frozen; empty for none.</summary>
    public string TemplateReadyCommand { get; init; } = "";

    /// <summary>systemd units that every clone restarts before it is handed out, because they hold keys or random state.</summary>
    public IReadOnlyList<string> RestartUnits { get; init; } = [];

    /// <summary>The operator brings the image: none is built, the next four say what it is, and nothing above applies.</summary>
    public bool Prepared { get; init; }

    /// <summary>Root disk of a prepared image, a raw or qcow2 file; present exactly when <see cref="Prepared"/> is set.</summary>
    public string? Source { get; init; }

    /// <summary>Kernel of a prepared image; present exactly when <see cref="Prepared"/> is set.</summary>
    public string? Kernel { get; init; }

    /// <summary>Initial RAM disk of a prepared image; absent for none.</summary>
    public string? Initrd { get; init; }

    /// <summary>Kernel command line of a prepared image, without the console.</summary>
    public string CommandLine { get; init; } = "";
}

/// <summary>How simulated instances behave.</summary>
public sealed record SimulationOptions
{
    /// <summary>Time from accepted to running.</summary>
    public TimeSpan Boot { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Share of instances that fail to start, 0 to 1.</summary>
    public double FailureRate { get; init; }

    /// <summary>Seed that decides which ones fail.</summary>
    public int Seed { get; init; }

    /// <summary>Name of a creation step (image, slot, disk, resume, identity; with start = boot: vmm, boot, ssh) or undo step at which an unexpected error is thrown; empty for none.</summary>
    public string Fault { get; init; } = "";
}
