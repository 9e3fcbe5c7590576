using System.Net;
using Microsoft.Extensions.Logging;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Provisioning;

namespace VmPool.Simulated;

/// <summary>All ports of a group without a single virtual machine behind them.</summary>
public static class SimulatedPool
{
    /// <summary>What the operator writes to get it, and what logs and status show.</summary>
    public const string HypervisorName = "simulated";

    /// <summary>The ports; says once, as a warning, that nothing behind them is real.</summary>
    public static VmPorts Create(GroupOptions options, TimeProvider clock, ILogger log)
    {
        log.Simulated(options.Name);
        var faults = new Faults(options.Simulation);
        var hypervisor = new SimulatedHypervisor(options.Simulation, faults);
        var guest = new SimulatedGuest(options, faults, clock);
        return new VmPorts(
            hypervisor,
            new SimulatedSlots(CountSlots(options.Network.Subnet), faults),
            new SimulatedImages(options, faults),
            new SimulatedTemplates(options, hypervisor),
            new SimulatedDisks(faults),
            guest,
            guest,
            new BoundlessHost());
    }

    private static int CountSlots(IPNetwork subnet) => (int)Math.Min(1L << (31 - subnet.PrefixLength), int.MaxValue);

    private sealed class SimulatedImages(GroupOptions options, Faults faults) : IImageStore
    {
        public ImageStatus Status => new("ready", HypervisorName, "no image exists");

        public Task<ImageGeneration> CurrentAsync(CancellationToken cancellationToken)
        {
            faults.At("image");
            return Task.FromResult(new ImageGeneration(HypervisorName, "", "", "", null, "", options.Machine.User));
        }
    }

    private sealed class SimulatedTemplates(GroupOptions options, IMachineTemplate machine) : ITemplateStore
    {
        private readonly VmDisk none = new("", "raw", ReadOnly: true);

        private bool IsOff => options.Hypervisor.Start == "boot";

        public TemplateStatus Status => IsOff ? new("off", "", "start = \"boot\"") : new("ready", HypervisorName, "no template exists");

        public Task<Template?> CurrentAsync(ImageGeneration image, CancellationToken cancellationToken) =>
            Task.FromResult(IsOff ? null : new Template(HypervisorName, image, none, none, machine));
    }

    private sealed class SimulatedDisks(Faults faults) : IInstanceDisks
    {
        public long FreeBytes() => long.MaxValue / 2;

        public Task<IReadOnlyList<VmDisk>> CreateAsync(
            ImageGeneration image, string directory, uint userId, GuestIdentity identity, CancellationToken cancellationToken)
        {
            faults.At("disk");
            return Task.FromResult<IReadOnlyList<VmDisk>>([]);
        }

        public IReadOnlyList<VmDisk> CreateClone(Template template, string directory, uint userId)
        {
            faults.At("disk");
            return [];
        }
    }

    private sealed class BoundlessHost : IHostCapacity
    {
        public long AvailableMemoryMb() => long.MaxValue / 2;

        public long ResidentMemoryMb(int pid) => 0;
    }
}
