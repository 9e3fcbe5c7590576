namespace FleetingPlugin.Options;

/// <summary>Every key of plugin_config. This is the only place where one is added.</summary>
internal static class OptionTable
{
    /// <summary>All keys, in the order in which an operator should read them; keys of a nested table are neighbours and come last.</summary>
    public static IReadOnlyList<OptionKey> Keys { get; } =
    [
        OptionKey.Of("name", Rules.GroupName, OptionDefault.Is("\"default\""), "\"large\"",
            "Name of this group of VMs, unique on the host. Two [[runners]] entries that use this plugin need two names, and nothing else.",
            (o, v) => o with { Name = v }),
        OptionKey.Of("state_directory", Rules.Directory, OptionDefault.Is("\"/var/lib/fleeting-plugin-vmpool\""), "\"/srv/vmpool\"",
            "Records and locks of all groups; created with mode 0700 unless it is there.",
            (o, v) => o with { StateDirectory = v }),
        OptionKey.Of("vm_disk_directory", Rules.Directory, OptionDefault.From("the value of state_directory"), "\"/runnervms\"",
            "Images (images/) and disks (groups/NAME/). Groups with the same directory share their images. Best on btrfs or xfs; may be a tmpfs.",
            (o, v) => o with { DiskDirectory = v }),
        OptionKey.Of("hypervisor", Rules.Choice("auto", "cloud-hypervisor", "qemu", "simulated"), OptionDefault.Is("\"auto\""), "\"qemu\"",
            "Which program runs the VMs. \"auto\" takes the best one that is installed and works here. \"simulated\" runs no VM at all: for trying out autoscaler policies.",
            (o, v) => o with { Hypervisor = o.Hypervisor with { Name = v } }),
        OptionKey.Of("accel", Rules.Choice("auto", "kvm", "tcg"), OptionDefault.Is("\"auto\""), "\"kvm\"",
            "Hardware virtualisation (kvm) or software emulation (tcg, many times slower). \"auto\" probes whether KVM really runs a guest and falls back to tcg with a warning.",
            (o, v) => o with { Hypervisor = o.Hypervisor with { Accelerator = v } }),
        OptionKey.Of("start", Rules.Choice("boot"), OptionDefault.Is("\"boot\""), "\"boot\"",
            "How an instance comes to life: \"boot\" boots its own copy-on-write disk.",
            (o, v) => o with { Hypervisor = o.Hypervisor with { Start = v } }),
        OptionKey.Of("max_vms", Rules.Integer(1, 8_388_608), OptionDefault.From("the number of slots in vm_subnet"), "16",
            "Most VMs of this group, at most the number of slots in vm_subnet (one /31 each). Reported to the runner as the group's maximum: max_instances may not be above it. Memory and disk are judged when VMs are asked for.",
            (o, v) => o with { MaxVms = v }),
        OptionKey.Of("vm_subnet", NetworkRules.SlotNetwork, OptionDefault.Is("\"10.210.0.0/20\""), "\"172.16.120.0/24\"",
            "Addresses by which the runner reaches the VMs, one /31 each. Must not overlap a network the host is in. May be shared by groups.",
            (o, v) => o with { Network = o.Network with { Subnet = v } }),
        OptionKey.Of("egress_interface", Rules.InterfaceName, OptionDefault.From("the interface of the default route"), "\"eth0\"",
            "Interface through which the VMs reach the internet; their traffic leaves with its address.",
            (o, v) => o with { Network = o.Network with { EgressInterface = v } }),
        OptionKey.Of("vm_user", Rules.UserName, OptionDefault.From("connector_config.username, else \"ci\""), "\"ubuntu\"",
            "Login user of the VMs: uid 1000, bash, sudo without password, member of group docker if there is one. If connector_config.username is set as well, both must be equal.",
            (o, v) => o with { Machine = o.Machine with { User = v } }),
        OptionKey.Of("vm_num_cpu_cores", Rules.Integer(1, 254), OptionDefault.Is("2"), "8",
            "Virtual CPUs of each VM.",
            (o, v) => o with { Machine = o.Machine with { Cpus = v } }),
        OptionKey.Of("vm_memory_mb", Rules.Integer(256, 4_194_304), OptionDefault.Is("4096"), "16384",
            "Memory of each VM in MiB.",
            (o, v) => o with { Machine = o.Machine with { MemoryMb = v } }),
        OptionKey.Of("vm_disk_size_gb", Rules.Integer(2, 65_536), OptionDefault.Is("40"), "30",
            "Root disk of each VM in GiB; sparse: only what a job writes takes space.",
            (o, v) => o with { Machine = o.Machine with { DiskSizeGb = v } }),
        OptionKey.Of("vm_prebuild_cloudinit_extra_cmds", Rules.Strings, OptionDefault.Is("[]"), "[\"apt install -y podman\"]",
            "Commands that customise the image, run once as root when it is built, in order, each read as one entry of cloud-init's runcmd. The first one that fails fails the image, with its output; append \"|| true\" where a failure does not matter.",
            (o, v) => o with { Image = o.Image with { PrebuildCommands = v } }),
        OptionKey.Of("vm_enable_virtio_console", Rules.Boolean, OptionDefault.Is("false"), "true",
            "Adds a virtio console and its log beside the serial one, which is always kept.",
            (o, v) => o with { Machine = o.Machine with { VirtioConsole = v } }),
        OptionKey.Of("boot_timeout", Rules.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(24)), OptionDefault.From("\"5m\"; \"10m\" under tcg"), "\"2m\"",
            "A VM that is not running this long after its start began (the image is ready, and fewer than parallel_starts others start) is torn down and reported deleted, so that the runner asks for another.",
            (o, v) => o with { BootTimeout = v }),
        OptionKey.Of("parallel_starts", Rules.Integer(1, 1024), OptionDefault.From("the number of cores"), "4",
            "Most VMs that start at the same time. A start is bound by the CPU: more in parallel makes each one slower.",
            (o, v) => o with { ParallelStarts = v }),
        OptionKey.Of("simulated_boot", Rules.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)), OptionDefault.Is("\"1s\""), "\"30s\"",
            "hypervisor = \"simulated\" only: how long an instance takes from accepted to running.",
            (o, v) => o with { Simulation = o.Simulation with { Boot = v } }),
        OptionKey.Of("simulated_failure_rate", Rules.Share, OptionDefault.Is("0.0"), "0.1",
            "hypervisor = \"simulated\" only: share of instances that fail to start.",
            (o, v) => o with { Simulation = o.Simulation with { FailureRate = v } }),
        OptionKey.Of("simulated_seed", Rules.Integer(0, int.MaxValue), OptionDefault.Is("0"), "42",
            "hypervisor = \"simulated\" only: decides which instances fail; the same seed fails the same ones.",
            (o, v) => o with { Simulation = o.Simulation with { Seed = v } }),
        OptionKey.Of("simulated_fault", Rules.StepName, OptionDefault.Is("\"\""), "\"slot\"",
            "hypervisor = \"simulated\" only: name of the creation step (image, slot, disk, vmm, boot, ssh) or undo step that fails with an unexpected error. For tests.",
            (o, v) => o with { Simulation = o.Simulation with { Fault = v } }),
        OptionKey.Of("network.allow", NetworkRules.Allow, OptionDefault.Is("[]"), "[\"192.168.10.0/24\", \"10.0.0.5/32:443\", \"host:5000\"]",
            "Destinations the VMs may reach although they are private: a network, a network and TCP or UDP port, or a port of this host. Everything else private, link-local or another VM is refused at once; the internet is open.",
            (o, v) => o with { Network = o.Network with { Allow = v } }),
        OptionKey.Of("network.dns", NetworkRules.Resolvers, OptionDefault.From("the host's resolvers"), "[\"192.0.2.53\"]",
            "Resolvers the VMs use. Needed where the host's only resolver is a loopback address.",
            (o, v) => o with { Network = o.Network with { Dns = v } }),
        OptionKey.Of("network.manage_sysctl", Rules.Boolean, OptionDefault.Is("true"), "false",
            "Whether the plugin may switch on IP forwarding, on its own interfaces and the egress interface only. With false it must be on already.",
            (o, v) => o with { Network = o.Network with { ManageSysctl = v } }),
        OptionKey.Of("image.mirror", Rules.Mirror, OptionDefault.From("the mirror of the host's own apt sources"), "\"https://mirror.example.org/debian\"",
            "Debian package mirror from which the image is built.",
            (o, v) => o with { Image = o.Image with { Mirror = v } }),
    ];

    /// <summary>Names of the nested tables.</summary>
    public static IReadOnlyList<string> Tables { get; } =
        [.. Keys.Where(key => key.Name.Contains('.', StringComparison.Ordinal)).Select(key => key.Name[..key.Name.IndexOf('.', StringComparison.Ordinal)]).Distinct()];

    private static readonly Dictionary<string, OptionKey> ByName = Keys.ToDictionary(key => key.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The key of that name in any case (Go matches names so), or null.</summary>
    public static OptionKey? Find(string name) => ByName.GetValueOrDefault(name);
}
