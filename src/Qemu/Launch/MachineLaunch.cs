using Microsoft.Win32.SafeHandles;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace Qemu;

/// <summary>What the start of one QEMU process needs.</summary>
internal sealed record MachineLaunch
{
    /// <summary>
    /// One heap that grows by much at a time, in large pages where glibc knows them (2.35 and later). As glibc has it, the thread
    /// that emulates has a heap of its own, which grows by a system call and a page fault for every 4 KiB.
    /// </summary>
    private const string HeapTunables = "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:glibc.malloc.top_pad=33554432:glibc.malloc.trim_threshold=134217728";

    internal required MachineRequest Request { get; init; }

    /// <summary>kvm or tcg.</summary>
    internal required string Accelerator { get; init; }

    /// <summary>Host files it must see.</summary>
    internal required MachineView View { get; init; }

    /// <summary>QEMU's own arguments.</summary>
    internal required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Bytes of the largest file it must be able to write.</summary>
    internal required long LargestFile { get; init; }

    /// <summary>Descriptors it inherits besides control socket and TAP, by the number it sees.</summary>
    internal IReadOnlyDictionary<int, SafeFileHandle> Descriptors { get; init; } = new Dictionary<int, SafeFileHandle>();

    /// <summary>A machine that boots and is never saved.</summary>
    /// <exception cref="HypervisorException">One of its files is missing or not what it is said to be.</exception>
    internal static MachineLaunch ForBoot(BootRequest request, string accelerator) =>
        Create(request, accelerator, (chains, view) => QemuArguments.Boot(request, chains, accelerator, GuestMemory.Anonymous, view));

    /// <summary>A machine that boots with the file as its memory.</summary>
    /// <exception cref="HypervisorException">One of its files is missing or not what it is said to be.</exception>
    internal static MachineLaunch ForTemplate(BootRequest request, string accelerator, string memoryPath) =>
        Create(request, accelerator, (chains, view) =>
            QemuArguments.Boot(request, chains, accelerator, GuestMemory.Shared(view.PathOf(memoryPath, TemplateFiles.Memory)), view));

    /// <summary>A machine that waits for the state of a saved one.</summary>
    /// <exception cref="HypervisorException">One of its files is missing or not what it is said to be.</exception>
    internal static MachineLaunch ForClone(MachineRequest request, string accelerator, Func<MachineView, GuestMemory> memory) =>
        Create(request, accelerator, (chains, view) => QemuArguments.Clone(request, chains, accelerator, memory(view), view));

    /// <summary>Starts the process.</summary>
    /// <param name="program">QEMU.</param>
    /// <exception cref="LinuxHost.HostResourceException">It could not be started; nothing is left.</exception>
    internal Task<StartedProcess> StartAsync(string program) => new ProcessLaunch
    {
        NetworkNamespace = Request.NetworkNamespace,
        UserId = Request.UserId,
        Program = program,
        Arguments = Arguments,
        View = View,
        LargestFile = LargestFile,
        SocketName = MachineFiles.Socket,
        OutputName = MachineFiles.ProcessLog,
        Devices = Accelerator == "kvm" ? [DeviceNode.Kvm] : [],
        TapDescriptor = MachineDescriptors.Tap,
        Descriptors = Descriptors,
        Environment = new Dictionary<string, string> { ["GLIBC_TUNABLES"] = HeapTunables },
    }.StartAsync();

    private static MachineLaunch Create(
        MachineRequest request, string accelerator, Func<DiskChain[], MachineView, IReadOnlyList<string>> arguments)
    {
        DiskChain[] chains = [.. request.Disks.Select(DiskChain.Read)];
        var view = new MachineView(request.Directory);
        var launch = new MachineLaunch
        {
            Request = request,
            Accelerator = accelerator,
            View = view,
            Arguments = arguments(chains, view),
            LargestFile = chains.Select(chain => chain.VirtualSize).DefaultIfEmpty().Max(),
        };
        view.Require(request.InstanceId);
        return launch;
    }
}
