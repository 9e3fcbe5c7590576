using System.Globalization;
using System.Text.Json;
using VmmProcess;
using VmPool;
using VmPool.Networking;
using VmPool.Ports;

namespace CloudHypervisor;

/// <summary>
/// Describes machines to Cloud Hypervisor. Every device has an id, and every path is one of <see cref="MachineView"/>, the same
/// for all machines: a clone is restored from its template's own description, so it must find everything where that says.
/// </summary>
internal static class VmConfigBuilder
{
    /// <summary>Id of the memory that a template is saved with.</summary>
    internal const string MemoryId = "mem0";

    internal const string NetId = "net0";

    /// <summary>Name of a template's memory in the view.</summary>
    internal const string MemoryName = "memory";

    private const string KernelName = "kernel";
    private const string InitrdName = "initrd";

    // One pair of queues: the slot's TAP is made for that.
    private const int Queues = 2;
    private const int QueueSize = 256;

    /// <summary>A machine with memory of its own, in no file.</summary>
    /// <exception cref="HypervisorException">It needs something that Cloud Hypervisor cannot do.</exception>
    internal static VmConfig Boot(BootRequest request, MachineView view, bool landlock) =>
        Machine(request, view, new MemoryConfig { Size = Bytes(request), Shared = false }, landlock);

    /// <summary>A machine that can be saved: the file is its memory, and one directory of its own is where it saves itself to.</summary>
    /// <exception cref="HypervisorException">It needs something that Cloud Hypervisor cannot do.</exception>
    internal static VmConfig Template(BootRequest request, string memoryPath, MachineView view, bool landlock)
    {
        var zone = new MemoryZone { Id = MemoryId, Size = Bytes(request), File = view.Show(memoryPath, MemoryName), Shared = true };
        VmConfig config = Machine(request, view, new MemoryConfig { Size = 0, Shared = false, Zones = [zone] }, landlock);
        return landlock ? config with { LandlockRules = [.. config.LandlockRules!, new LandlockRule { Path = SnapshotPath, Access = "rw" }] } : config;
    }

    /// <summary>Where a template saves itself to, as its process sees it.</summary>
    internal static string SnapshotPath => $"{MachineView.Machine}/{MachineFiles.Snapshot}";

    /// <summary>Shows a machine's disks at the paths that every description names.</summary>
    internal static void ShowDisks(MachineRequest request, MachineView view)
    {
        for (int i = 0; i < request.Disks.Count; i++)
        {
            ShowDisk(request.Disks[i], i, view);
        }
    }

    /// <summary>Id, serial number and name in the view of one disk.</summary>
    internal static string DiskId(int number) => string.Create(CultureInfo.InvariantCulture, $"disk{number}");

    /// <summary>What a disk's format is called.</summary>
    internal static string ImageType(string format) => IsOverlay(format) ? "Qcow2" : "Raw";

    /// <summary>Whether a disk of the format builds on other files.</summary>
    internal static bool IsOverlay(string format) => format == "qcow2";

    /// <summary>Bytes of a machine's memory.</summary>
    internal static long Bytes(MachineRequest request) => (long)request.MemoryMb << 20;

    /// <summary>
    /// Eight hex digits that are others whenever a template's description would be: a state saved with one set of devices
    /// cannot be loaded by another.
    /// </summary>
    internal static string Fingerprint(bool landlock)
    {
        BootRequest sample = DeviceFingerprint.Sample;
        VmConfig config = Template(sample, "/vm/memory", new MachineView(sample.Directory), landlock);
        return DeviceFingerprint.Of(JsonSerializer.SerializeToUtf8Bytes(config, ApiJson.Default.VmConfig));
    }

    private static VmConfig Machine(BootRequest request, MachineView view, MemoryConfig memory, bool landlock) => new()
    {
        Payload = new PayloadConfig
        {
            Kernel = view.Show(request.KernelPath, KernelName),
            Initramfs = request.InitrdPath is { } initrd ? view.Show(initrd, InitrdName) : null,
            Cmdline = KernelCommandLine.Of(request),
        },
        Cpus = new CpusConfig { BootVcpus = request.Cpus, MaxVcpus = request.Cpus, Nested = request.Nested },
        Memory = memory,
        Disks = [.. request.Disks.Select((disk, i) => Disk(disk, i, view))],
        // No MTU, no address of the host's side: the slot has set them, and the process has no right to.
        Net = [new NetConfig { Id = NetId, Tap = MachineView.TapName, Mac = GuestNetwork.GuestMac, NumQueues = Queues, QueueSize = QueueSize }],
        Rng = new RngConfig { Src = "/dev/urandom" },
        Serial = ConsoleConfig.To($"{MachineView.Machine}/{ConsoleFiles.Serial}"),
        Console = request.VirtioConsole ? ConsoleConfig.To($"{MachineView.Machine}/{ConsoleFiles.Virtio}") : ConsoleConfig.Off,
        LandlockEnable = landlock,
        LandlockRules = landlock ? Rules(request) : null,
    };

    private static IReadOnlyList<LandlockRule> Rules(MachineRequest request) =>
    [
        // To attach to an existing TAP it looks up there which kind it is.
        new LandlockRule { Path = $"/sys/class/net/{MachineView.TapName}", Access = "r" },
        // It does not find out by itself what disks build on. Clones build on more than their template, so it is the directory
        // of all these files that is named; nothing lies there but what this machine is given.
        .. request.Disks.Any(disk => IsOverlay(disk.Format)) ? (LandlockRule[])[new() { Path = MachineView.Image, Access = "r" }] : [],
    ];

    private static DiskConfig Disk(VmDisk disk, int number, MachineView view) => new()
    {
        Id = DiskId(number),
        Path = ShowDisk(disk, number, view),
        ImageType = ImageType(disk.Format),
        BackingFiles = IsOverlay(disk.Format),
        Readonly = disk.ReadOnly,
        Serial = DiskId(number),
    };

    // A qcow2 file names what it builds on relative to itself, and there Cloud Hypervisor looks for it.
    private static string ShowDisk(VmDisk disk, int number, MachineView view)
    {
        foreach (DiskLayer layer in IsOverlay(disk.Format) ? DiskChain.Read(disk).Layers.Skip(1) : [])
        {
            string name = Path.GetRelativePath(Path.GetDirectoryName(disk.Path)!, layer.Path);
            if (name.StartsWith("..", StringComparison.Ordinal))
            {
                throw new HypervisorException($"the disk {disk.Path} builds on {layer.Path}, which cloud-hypervisor can follow only in or below the directory of the disk");
            }
            view.Show(layer.Path, name);
        }
        return view.Show(disk.Path, DiskId(number));
    }
}
