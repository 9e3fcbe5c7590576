using VmPool.Guests;
using VmPool.Keys;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Provisioning;

namespace VmPool.Templates;

/// <summary>The proof of a new template: one clone that goes the whole way of an instance, and then a full login.</summary>
internal sealed class TemplateTrial(GroupOptions options, TemplateWish wish, TemplatePaths files, TemplatePorts ports)
{
    private static readonly TimeSpan LoginTimeout = TimeSpan.FromMinutes(1);

    private IVirtualMachine? machine;

    /// <summary>What the clone said last; empty before it was started.</summary>
    public string LastOutput => machine?.ReadLastOutput() ?? "";

    /// <summary>Starts the clone, asks it for its name, and removes it.</summary>
    /// <exception cref="Exception">The clone could not be made, or is not what it was told to be.</exception>
    public async Task RunAsync(NetworkSlot slot, IReadOnlyList<VmDisk> disks, CancellationToken cancellationToken)
    {
        using IMachineTemplate opened = await ports.Hypervisor.OpenTemplateAsync(files.Vmm, cancellationToken);
        var template = new Template(wish.Key, wish.Image, disks[0] with { ReadOnly = true }, disks.ElementAtOrDefault(1), opened);
        try
        {
            IReadOnlyList<VmDisk> clone = ports.Disks.CreateClone(template, files.Trial, slot.UserId);
            machine = await opened.CloneAsync(MachineShape.Of(options, $"trial-{wish.Key[..8]}", files.Trial, slot, clone), cancellationToken);
            await ProveAsync(machine, slot, cancellationToken);
        }
        finally
        {
            if (machine is not null)
            {
                await machine.StopAsync(CancellationToken.None);
            }
            if (Directory.Exists(files.Trial))
            {
                Directory.Delete(files.Trial, recursive: true);
            }
        }
    }

    private async Task ProveAsync(IVirtualMachine clone, NetworkSlot slot, CancellationToken cancellationToken)
    {
        SshKeyPair login = SshKeyPair.Create();
        SshKeyPair hostKey = SshKeyPair.Create();
        string name = $"trial-{Guid.NewGuid():N}";
        await ports.Agent.IdentifyAsync(slot.Address, clone, new GuestIdentity
        {
            InstanceId = name,
            HostName = name,
            User = wish.Image.User,
            AuthorizedKey = login.PublicLine,
            HostKeyPem = hostKey.PrivatePem,
            HostKeyPublic = hostKey.PublicLine,
        }, cancellationToken);
        var access = new GuestAccess(slot.Address, wish.Image.User, login.PrivatePem, hostKey.PublicLine, files.Login);
        string answer = await ports.Login.RunAsync(access, "hostname", "", LoginTimeout, cancellationToken);
        if (answer.Trim() != name)
        {
            throw new HypervisorException($"the trial clone was told to be {name} but calls itself {answer.Trim()}");
        }
    }
}
