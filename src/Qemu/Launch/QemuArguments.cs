using System.Globalization;
using System.Text;
using VmmProcess;
using VmPool.Networking;
using VmPool.Ports;

namespace Qemu;

/// <summary>
/// QEMU's command line. Every device has an id, and every path is one of <see cref="MachineView"/>: nothing but the name
/// differs between the machines of one image, which is what restoring a saved machine demands.
/// </summary>
internal static class QemuArguments
{
    // Controllers that our guests have no use for: each would cost every clone time, and offers a hostile guest more to attack.
    internal const string MachineType = "q35,sata=off,smbus=off,vmport=off";

    // spawn=deny also covers a compromised process that wants a shell; resourcecontrol=deny one that wants to change its limits.
    internal const string Sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

    /// <summary>A machine that boots its kernel, with memory of its own or, as a template, with one that can be saved.</summary>
    /// <param name="request">What to boot.</param>
    /// <param name="chains">The backing chains of its disks, in the same order.</param>
    /// <param name="accelerator">kvm or tcg.</param>
    /// <param name="memory">Where its memory lies.</param>
    /// <param name="view">Collects the host files that the process must see.</param>
    internal static IReadOnlyList<string> Boot(
        BootRequest request, IReadOnlyList<DiskChain> chains, string accelerator, GuestMemory memory, MachineView view)
    {
        List<string> arguments = Machine(request, chains, accelerator, memory, view);
        arguments.AddRange(["-kernel", view.PathOf(request.KernelPath, "kernel")]);
        if (request.InitrdPath is { } initrd)
        {
            arguments.AddRange(["-initrd", view.PathOf(initrd, "initrd")]);
        }
        arguments.AddRange(["-append", KernelCommandLine.Of(request, KernelWords(accelerator))]);
        return arguments;
    }

    /// <summary>
    /// A machine that waits for a saved one's state and then stands still. It has the template's devices and needs no
    /// kernel; a reset would find none, so a guest that reboots ends the process.
    /// </summary>
    internal static IReadOnlyList<string> Clone(
        MachineRequest request, IReadOnlyList<DiskChain> chains, string accelerator, GuestMemory memory, MachineView view) =>
        [.. Machine(request, chains, accelerator, memory, view), "-action", "reboot=shutdown", "-S", "-incoming", "defer"];

    private static List<string> Machine(
        MachineRequest request, IReadOnlyList<DiskChain> chains, string accelerator, GuestMemory memory, MachineView view)
    {
        List<string> arguments =
        [
            "-name", $"guest={request.InstanceId}",
            .. Platform(accelerator, memory.Backend is null ? "" : $",memory-backend={GuestMemory.Id}", request.Nested),
            "-display", "none",
            "-sandbox", Sandbox,
            "-smp", Number(request.Cpus),
            "-m", $"{Number(request.MemoryMb)}M",
            .. memory.Backend is { } backend
                ? (string[])["-object", $"memory-backend-file,id={GuestMemory.Id},size={Number(request.MemoryMb)}M,{backend}"]
                : [],
            "-device", "vmgenid,guid=auto,id=vmgenid0",
            "-chardev", $"socket,id=qmp0,fd={Number(ProcessLaunch.ControlDescriptor)},server=on,wait=off",
            "-mon", "chardev=qmp0,mode=control",
            // Appending lets us shorten the file while QEMU has it open.
            "-chardev", $"file,id=serial0,path={MachineView.Machine}/{ConsoleFiles.Serial},append=on",
            "-serial", "chardev:serial0",
        ];
        for (int i = 0; i < chains.Count; i++)
        {
            string number = Number(i);
            arguments.AddRange(["-blockdev", BlockDevice(chains[i], i, request.Disks[i].ReadOnly, view)]);
            arguments.AddRange(["-device", $"virtio-blk-pci,drive=disk{number},id=vd{number}"]);
        }
        arguments.AddRange(
        [
            "-netdev", $"tap,id=net0,fd={Number(MachineDescriptors.Tap)}",
            "-device", $"virtio-net-pci,netdev=net0,mac={GuestNetwork.GuestMac},host_mtu={Number(request.Mtu)},guest_announce=off,romfile=,id=vn0",
            "-device", "virtio-rng-pci,id=rng0",
        ]);
        if (request.VirtioConsole)
        {
            arguments.AddRange(
            [
                "-chardev", $"file,id=hvc0,path={MachineView.Machine}/{ConsoleFiles.Virtio},append=on",
                "-device", "virtio-serial-pci,id=vs0",
                "-device", "virtconsole,chardev=hvc0,id=vc0",
            ]);
        }
        return arguments;
    }

    /// <summary>What decides whether the accelerator works; shared with the test guest of <see cref="AcceleratorProbe"/>.</summary>
    internal static IReadOnlyList<string> Platform(string accelerator, string machineOptions = "", bool nested = false) =>
    [
        "-nodefaults", "-no-user-config",
        "-machine", MachineType + machineOptions,
        "-accel", accelerator == "tcg" ? "tcg,thread=multi" : accelerator,
        "-cpu", CpuModel(accelerator, nested),
    ];

    /// <summary>
    /// Eight hex digits that are others whenever a clone's arguments would be: a state saved with one set of devices cannot
    /// be loaded by another.
    /// </summary>
    internal static string Fingerprint(string accelerator)
    {
        MachineRequest request = DeviceFingerprint.Sample;
        DiskChain[] chains = [.. request.Disks.Select(disk => new DiskChain([new DiskLayer(disk.Path, disk.Format)], 0))];
        IReadOnlyList<string> arguments = Clone(request, chains, accelerator, GuestMemory.PrivateOfSealed(0), new MachineView(request.Directory));
        string all = string.Join('\0', arguments.Append(KernelWords(accelerator)));
        return DeviceFingerprint.Of(Encoding.UTF8.GetBytes(all));
    }

    /// <summary>
    /// All that emulation offers, but for what makes it slower: with fast string instructions Linux clears and copies memory by
    /// ones that emulation does byte by byte, five-level page tables are one more step whenever an address is looked up, and
    /// each copy between user and kernel is translated twice where the processor could forbid it. Without the three a clone
    /// took 0.90 s of CPU until its first command instead of 0.98 s (medians of 10; what each is worth was not measured).
    /// </summary>
    private const string EmulatedProcessor = "max,erms=off,la57=off,smap=off";

    /// <summary>
    /// Intel's and AMD's virtualization are features of the processor like others: what a guest does not see it cannot use. An
    /// emulated processor keeps AMD's, which is no more of the host than the rest of it. With the features gone QEMU may end
    /// the list of CPUID leaves before the sizes of addresses, and Linux then reads its own memory wrongly (seen with 7.2:
    /// /proc/mounts full of "x"): so the list is told how long it is.
    /// </summary>
    internal static string CpuModel(string accelerator, bool nested) => (accelerator, nested) switch
    {
        ("tcg", _) => EmulatedProcessor,
        (_, true) => "host",
        _ => "host,vmx=off,svm=off,min-xlevel=0x80000008",
    };

    /// <summary>
    /// Emulation translates a program's code anew at every address at which it finds it, so a fixed address is worth half of each
    /// program's start; and a processor that does not speculate needs no protection from speculation. The kernel's guards of its own
    /// memory stay: without them a clone took as much CPU time as with them (medians of 40, ratio 1.00).
    /// </summary>
    private static string KernelWords(string accelerator) => accelerator == "tcg"
        ? "norandmaps mitigations=off"
        : "";

    private static string BlockDevice(DiskChain chain, int disk, bool readOnly, MachineView view)
    {
        string access = readOnly
            ? ",read-only=on"
            // The disk is thrown away with the machine: flushes to the host's disk would buy nothing.
            : ",cache.no-flush=on,discard=unmap,file.discard=unmap";
        var option = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"node-name=disk{disk}"));
        string prefix = "";
        for (int layer = 0; layer < chain.Layers.Count; layer++)
        {
            (string path, string format) = chain.Layers[layer];
            string seen = view.PathOf(path, MachineView.LayerName(disk, layer)).Replace(",", ",,", StringComparison.Ordinal);
            option.Append(CultureInfo.InvariantCulture, $",{prefix}driver={format},{prefix}file.driver=file,{prefix}file.filename={seen}");
            option.Append(layer == 0 ? access : $",{prefix}read-only=on");
            prefix += "backing.";
        }
        return option.ToString();
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
