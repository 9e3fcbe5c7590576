using System.Net;
using VmPool.Instances;
using VmPool.Keys;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Provisioning;

/// <summary>
/// The story of one virtual machine: slot, disk, hypervisor, guest. Each finished step is in the record before the
/// next begins, and its undo is on the stack.
/// </summary>
internal sealed class VmFactory(GroupOptions options, LoginCredentials credentials, VmPorts ports)
{
    /// <summary>
    /// Lets the machine of an accepted instance go on where the template stopped. It is ready when its agent says so, which has
    /// seen that sshd lives. When it throws, what exists so far is on the instance's cleanup stack.
    /// </summary>
    public async Task CloneAsync(Instance instance, Template template, CancellationToken cancellationToken)
    {
        NetworkSlot slot = await AcquireSlotAsync(instance, cancellationToken);

        IReadOnlyList<VmDisk> disks = ports.Disks.CreateClone(template, instance.Record.Directory, slot.UserId);
        GuestIdentity identity = Identify(instance);
        instance.Finish("disk", record => record with { HostKey = identity.HostKeyPublic });

        IVirtualMachine machine = await template.Machine.CloneAsync(MachineShape.Of(options, instance.Id, instance.Record.Directory, slot, disks), cancellationToken);
        Attach(instance, machine, "resume");

        await ports.Agent.IdentifyAsync(slot.Address, machine, identity, cancellationToken);
        instance.Finish("identity");
    }

    /// <summary>
    /// Does for a clone that waits what its first login would have to wait for: a connection lets sshd start its program once.
    /// </summary>
    public async Task WarmAsync(Instance instance, CancellationToken cancellationToken)
    {
        await ports.Guest.WaitForPortAsync(IPAddress.Parse(instance.Record.Address), instance.Machine!, cancellationToken);
        instance.Finish("warm");
    }

    /// <summary>
    /// Boots the machine of an accepted instance from the image. When it throws, what exists so far is on the instance's
    /// cleanup stack.
    /// </summary>
    public async Task BootAsync(Instance instance, ImageGeneration image, CancellationToken cancellationToken)
    {
        NetworkSlot slot = await AcquireSlotAsync(instance, cancellationToken);

        GuestIdentity identity = Identify(instance);
        string directory = instance.Record.Directory;
        IReadOnlyList<VmDisk> disks = await ports.Disks.CreateAsync(image, directory, slot.UserId, identity, cancellationToken);
        instance.Finish("disk", record => record with { HostKey = identity.HostKeyPublic });

        BootRequest request = BootRequest.Of(MachineShape.Of(options, instance.Id, directory, slot, disks), image);
        IVirtualMachine machine = await ports.Hypervisor.BootAsync(request, cancellationToken);
        Attach(instance, machine, "vmm");

        if (image.IsPrepared)
        {
            // It reads no seed: it waits to be told, like a clone.
            await ports.Agent.IdentifyAsync(slot.Address, machine, identity, cancellationToken);
            instance.Finish("identity");
            return;
        }
        await ports.Guest.WaitForPortAsync(slot.Address, machine, cancellationToken);
        instance.Finish("boot");
        await ports.Guest.WaitForBannerAsync(slot.Address, machine, cancellationToken);
        instance.Finish("ssh");
    }

    private async Task<NetworkSlot> AcquireSlotAsync(Instance instance, CancellationToken cancellationToken)
    {
        NetworkSlot slot = await ports.Slots.AcquireAsync(instance.Id, cancellationToken);
        instance.Finish("slot", record => record with { Slot = slot.Number, Address = slot.Address.ToString() });
        return slot;
    }

    private static void Attach(Instance instance, IVirtualMachine machine, string step)
    {
        instance.Attach(machine);
        instance.Finish(step, record => record with { Pid = machine.Process.Pid, StartTicks = machine.Process.StartTicks });
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
}
