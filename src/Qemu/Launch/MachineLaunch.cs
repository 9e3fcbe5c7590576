using Microsoft.Win32.SafeHandles;
using VmPool;
using VmPool.Ports;

namespace Qemu;

/// <summary>Everything the launch of one QEMU process needs.</summary>
internal sealed record MachineLaunch
{
    internal required MachineRequest Request { get; init; }

    /// <summary>kvm or tcg.</summary>
    internal required string Accelerator { get; init; }

    /// <summary>Host files it must see.</summary>
    internal required MachineView View { get; init; }

    /// <summary>QEMU's own arguments.</summary>
    internal required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Bytes of the largest file it must be able to write.</summary>
    internal required long LargestFile { get; init; }

    /// <summary>Descriptors it inherits, by the number it sees.</summary>
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
        foreach ((string source, string name) in view.Files)
        {
            if (!File.Exists(source))
            {
                throw new HypervisorException($"cannot start instance {request.InstanceId}: its {name} {source} does not exist");
            }
        }
        return launch;
    }
}
