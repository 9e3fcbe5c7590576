using VmPool.Instances;
using VmPool.Keys;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Provisioning;

/// <summary>
/// The story of one virtual machine: slot, disk, hypervisor, guest, ready. Each finished step is in the record before the
/// next begins, and its undo is on the stack.
/// </summary>
internal sealed class VmFactory(GroupOptions options, LoginCredentials credentials, VmPorts ports)
{
    /// <summary>
    /// Builds the machine of an accepted instance. When it throws, what exists so far is on the instance's cleanup stack.
    /// </summary>
    public async Task CreateAsync(Instance instance, ImageGeneration image, CancellationToken cancellationToken)
    {
        NetworkSlot slot = await ports.Slots.AcquireAsync(instance.Id, cancellationToken);
        instance.Finish("slot", record => record with { Slot = slot.Number, Address = slot.Address.ToString() });

        GuestIdentity identity = Identify(instance);
        string directory = instance.Record.Directory;
        IReadOnlyList<VmDisk> disks = await ports.Disks.CreateAsync(image, directory, slot.UserId, identity, cancellationToken);
        instance.Finish("disk", record => record with { HostKey = identity.HostKeyPublic });

        IVirtualMachine machine = await ports.Hypervisor.BootAsync(Describe(instance, image, slot, directory, disks), cancellationToken);
        instance.Cleanup.Push(VmTeardown.Machine(machine));
        instance.Machine = machine;
        instance.Finish("vmm", record => record with { Pid = machine.Process.Pid, StartTicks = machine.Process.StartTicks });

        await ports.Guest.WaitForPortAsync(slot.Address, machine, cancellationToken);
        instance.Finish("boot");
        await ports.Guest.WaitForBannerAsync(slot.Address, machine, cancellationToken);
        instance.Finish("ssh");
    }

    private GuestIdentity Identify(Instance instance)
    {
        SshKeyPair hostKey = SshKeyPair.Create();
        string authorizedKey = credentials.StaticPublicKey ?? "";
        if (!credentials.AreStatic && authorizedKey.Length == 0)
        {
            SshKeyPair loginKey = SshKeyPair.Create();
            authorizedKey = loginKey.PublicLine;
            instance.Change(record => record with { LoginKey = loginKey.PrivatePem });
        }
        return new GuestIdentity
        {
            InstanceId = instance.Id,
            HostName = instance.Id,
            User = options.Machine.User,
            AuthorizedKey = authorizedKey,
            Password = credentials.Password,
            HostKeyPem = hostKey.PrivatePem,
            HostKeyPublic = hostKey.PublicLine,
        };
    }

    private BootRequest Describe(Instance instance, ImageGeneration image, NetworkSlot slot, string directory, IReadOnlyList<VmDisk> disks) => new()
    {
        InstanceId = instance.Id,
        Directory = directory,
        NetworkNamespace = slot.Namespace,
        Mtu = slot.Mtu,
        UserId = slot.UserId,
        Disks = disks,
        KernelPath = image.KernelPath,
        InitrdPath = image.InitrdPath,
        KernelCommandLine = image.KernelCommandLine,
        Cpus = options.Machine.Cpus,
        MemoryMb = options.Machine.MemoryMb,
        VirtioConsole = options.Machine.VirtioConsole,
    };
}
