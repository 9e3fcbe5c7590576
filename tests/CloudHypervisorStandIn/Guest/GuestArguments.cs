using System.Globalization;
using System.Text;

namespace CloudHypervisorStandIn;

/// <summary>
/// QEMU's command line for a configuration. A restored machine gets the devices it was saved with, because QEMU loads a
/// state into nothing else; the configuration it is restored with says only which files and interfaces are behind them.
/// The real one does not compare the two either.
/// </summary>
/// <param name="saved">The configuration the machine was saved with; of one that boots, its own.</param>
/// <param name="current">The configuration it is started with.</param>
/// <param name="diskSizes">Sizes of the saved disks, for those that are configured no more.</param>
internal sealed class GuestArguments(VmConfig saved, VmConfig current, IReadOnlyList<long> diskSizes)
{
    private const string Memory = "ram0";

    /// <summary>The part that boot and restore have in common.</summary>
    /// <param name="memory">Options of the memory's backend behind its id and size.</param>
    /// <param name="hasSerial">Whether the serial port's output goes to its descriptor.</param>
    /// <param name="hasConsole">Whether the virtio console's output goes to its descriptor.</param>
    /// <exception cref="VmException">A disk or an interface cannot be used.</exception>
    internal List<string> Machine(string memory, bool hasSerial, bool hasConsole)
    {
        string size = $"{Number(GuestMemory.SizeOf(saved) / 1024)}K";
        List<string> arguments =
        [
            "-nodefaults", "-no-user-config", "-display", "none", "-S",
            "-machine", $"q35,sata=off,smbus=off,vmport=off,memory-backend={Memory}",
            "-accel", "tcg,thread=multi", "-cpu", "max",
            "-smp", Number(saved.Cpus.BootVcpus),
            "-m", size,
            "-object", $"{memory},id={Memory},size={size}",
            "-chardev", $"socket,id=qmp0,fd={Number(GuestDescriptors.Control)}",
            "-mon", "chardev=qmp0,mode=control",
            .. Output("serial0", hasSerial ? GuestDescriptors.Serial : null),
            .. Output("hvc0", hasConsole ? GuestDescriptors.Console : null),
        ];
        if (saved.Serial.Mode != "Off")
        {
            arguments.AddRange(["-serial", "chardev:serial0"]);
        }
        for (int i = 0; i < (saved.Disks?.Count ?? 0); i++)
        {
            arguments.AddRange(Disk(i));
        }
        for (int i = 0; i < (saved.Net?.Count ?? 0); i++)
        {
            arguments.AddRange(NetworkCard(i));
        }
        arguments.AddRange(["-device", "virtio-rng-pci,id=rng0"]);
        if (saved.Console.Mode != "Off")
        {
            arguments.AddRange(["-device", "virtio-serial-pci,id=vs0", "-device", "virtconsole,chardev=hvc0,id=vc0"]);
        }
        return arguments;
    }

    /// <summary>What is booted, and booted again when the guest resets. A restored machine may have lost it.</summary>
    internal IEnumerable<string> Payload()
    {
        PayloadConfig payload = current.Payload!;
        if (!File.Exists(payload.Kernel))
        {
            return [];
        }
        return
        [
            "-kernel", payload.Kernel,
            .. payload.Initramfs is { } initramfs ? (string[])["-initrd", initramfs] : [],
            "-append", payload.Cmdline ?? "",
        ];
    }

    // Two of the output's descriptions may exist without a device; QEMU does not mind.
    private static string[] Output(string id, int? descriptor) => descriptor is { } number
        ? ["-add-fd", $"fd={Number(number)},set={Number(number)}", "-chardev", $"file,id={id},path=/dev/fdset/{Number(number)}"]
        : ["-chardev", $"null,id={id}"];

    private string[] Disk(int index)
    {
        DiskConfig disk = saved.Disks![index];
        string node = $"disk{Number(index)}";
        string serial = disk.Serial is { } text ? $",serial={Escape(text)}" : "";
        DiskConfig? now = current.Disks?.FirstOrDefault(candidate => candidate.Id == disk.Id);
        return
        [
            "-blockdev", now is null ? $"driver=null-co,node-name={node},size={Number(diskSizes[index])}" : Image(now, node),
            "-device", $"virtio-blk-pci,drive={node},id=vd{Number(index)}{serial}",
        ];
    }

    private string Image(DiskConfig disk, string node)
    {
        string access = disk.ReadOnly
            ? "read-only=on"
            // Nothing here outlives a power loss, so flushes need not reach the host's disk.
            : "cache.no-flush=on,discard=unmap,file.discard=unmap";
        var option = new StringBuilder($"node-name={node}");
        string prefix = "";
        foreach ((string path, string format) in DiskCheck.FindLayers(disk, current))
        {
            option.Append(CultureInfo.InvariantCulture, $",{prefix}driver={format},{prefix}file.driver=file,{prefix}file.filename={Escape(path)}");
            option.Append(CultureInfo.InvariantCulture, $",{(prefix.Length == 0 ? access : $"{prefix}read-only=on")}");
            prefix += "backing.";
        }
        return option.ToString();
    }

    private string[] NetworkCard(int index)
    {
        NetConfig card = saved.Net![index];
        NetConfig now = current.Net?.FirstOrDefault(candidate => candidate.Id == card.Id)
            ?? throw VmException.NotOffered("restoring without one of the saved network cards");
        TapCheck.Check(now);
        string mtu = (now.Mtu ?? TapCheck.FindMtu(now.Tap!)) is { } bytes ? $",host_mtu={Number(bytes)}" : "";
        return
        [
            "-netdev", $"tap,id=net{Number(index)},ifname={Escape(now.Tap!)},script=no,downscript=no",
            "-device", $"virtio-net-pci,netdev=net{Number(index)},mac={card.Mac},romfile=,id=vn{Number(index)}{mtu}",
        ];
    }

    private static string Escape(string value) => value.Replace(",", ",,", StringComparison.Ordinal);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
