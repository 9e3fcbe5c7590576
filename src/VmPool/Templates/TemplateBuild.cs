using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Guests;
using VmPool.Images;
using VmPool.Keys;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Provisioning;
using VmPool.Storage;

namespace VmPool.Templates;

/// <summary>
/// Makes one template: boots the image, warms what a job's first login needs, takes away what clones must not share, freezes
/// it, and proves it by a clone. In a prepared image nothing is run: it is frozen when its agent listens. The manifest comes last:
/// without it the directory is no template.
/// </summary>
internal sealed class TemplateBuild(
    GroupOptions options, TemplateWish wish, TemplatePaths files, TemplatePorts ports, TimeProvider time, ILogger logger)
{
    private const int WarmUps = 4;
    private static readonly TimeSpan BootTimeout = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan LoginTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan FreezeTimeout = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan TrialTimeout = TimeSpan.FromMinutes(5);

    /// <summary>What the last login and the last command have set in motion must have come to rest: it would go on in every clone.</summary>
    public TimeSpan Rest { get; init; } = TimeSpan.FromSeconds(3);

    /// <param name="changed">Told the name of each step.</param>
    /// <param name="cancellationToken">Ends the machine and gives everything back.</param>
    /// <exception cref="ImageBuildException">A step failed; names it, its last output and the full log.</exception>
    public async Task RunAsync(Action<string> changed, CancellationToken cancellationToken)
    {
        using BuildLog log = BuildLog.Create(Path.Combine(options.ImagesDirectory, "logs"), wish.Key, time, logger);
        var steps = new BuildSteps(wish.Image.Hash, log, time, logger, changed);
        string owner = $"{options.Name}-template-{wish.Key[..8]}";
        NetworkSlot slot = await ports.Slots.AcquireAsync(owner, cancellationToken);
        await Ending.RunAsync(
            () => BuildAsync(slot, steps, cancellationToken),
            () => ports.Slots.ReleaseAsync(slot.Number, owner, CancellationToken.None),
            $"network slot {slot.Number} of {owner} was not released", log);
    }

    private async Task BuildAsync(NetworkSlot slot, BuildSteps steps, CancellationToken cancellationToken)
    {
        if (slot.Mtu != wish.Mtu)
        {
            throw new ImageBuildException($"the MTU of the egress interface has changed from {wish.Mtu} to {slot.Mtu} meanwhile");
        }
        SshKeyPair login = SshKeyPair.Create();
        GuestIdentity identity = Throwaway(login);
        IReadOnlyList<VmDisk> disks = [];
        await steps.RunAsync("template-disk", files.Directory, async () =>
        {
            PrivateDirectory.Ensure(files.Directory);
            disks = await ports.Disks.CreateAsync(wish.Image, files.Machine, slot.UserId, identity, cancellationToken);
            PrivateDirectory.Ensure(files.Vmm);
        }, cancellationToken);

        IVirtualMachine machine = null!;
        await steps.RunAsync("template-boot", wish.Image.Directory, async () =>
        {
            BootRequest request = BootRequest.Of(
                MachineShape.Of(options, $"template-{wish.Key[..8]}", files.Machine, slot, disks), wish.Image, TemplateFiles.KernelWord);
            machine = await ports.Hypervisor.StartTemplateAsync(request, files.Vmm, cancellationToken);
        }, cancellationToken);
        await Ending.RunAsync(
            () => wish.Image.IsPrepared
                ? FreezePreparedAsync(machine, slot, steps, cancellationToken)
                : PrepareAsync(
                    machine, new GuestAccess(slot.Address, wish.Image.User, login.PrivatePem, identity.HostKeyPublic, files.Login), steps, cancellationToken),
            () => machine.StopAsync(CancellationToken.None),
            "the template's machine was not stopped", steps.Log);

        Seal(disks);
        if (disks[0].Format == "qcow2")
        {
            await steps.RunAsync("template-overlay", disks[0].Path, () => QcowDisks.FreezeAsync(disks[0].Path, cancellationToken), cancellationToken);
        }
        var trial = new TemplateTrial(options, wish, files, ports);
        await steps.RunAsync("template-trial", "a clone with a full login", () => LimitAsync("the trial clone", TrialTimeout, () => trial.LastOutput,
            ct => trial.RunAsync(slot, disks, ct), cancellationToken), cancellationToken);
        await steps.RunAsync("template-publish", files.Directory, () => PublishAsync(disks, steps, cancellationToken), cancellationToken);
    }

    private async Task PrepareAsync(IVirtualMachine machine, GuestAccess access, BuildSteps steps, CancellationToken cancellationToken)
    {
        await steps.RunAsync("template-guest", "booting", () => LimitAsync("the guest's boot", BootTimeout, machine.ReadLastOutput,
            ct => ports.Probe.WaitForBannerAsync(access.Address, machine, ct), cancellationToken), cancellationToken);
        await steps.RunAsync("template-warm-up", "logins", async () =>
        {
            for (int i = 0; i < WarmUps; i++)
            {
                await ports.Login.RunAsync(access, "true", "", LoginTimeout, cancellationToken);
            }
        }, cancellationToken);
        await steps.RunAsync("template-freeze", options.Image.TemplateReadyCommand, async () =>
        {
            steps.Log.Write(await ports.Login.RunAsync(access, FreezeCall.Command, FreezeCall.Input(options.Image), FreezeTimeout, cancellationToken));
            await FreezeAsync(machine, cancellationToken);
        }, cancellationToken);
    }

    // A prepared guest is ready when its agent listens. Nobody can log in to it yet: it gets its first key as a clone.
    private async Task FreezePreparedAsync(IVirtualMachine machine, NetworkSlot slot, BuildSteps steps, CancellationToken cancellationToken)
    {
        await steps.RunAsync("template-guest", "booting until its agent listens", () => LimitAsync(
            "the guest's boot until its agent listens", BootTimeout, machine.ReadLastOutput,
            ct => ports.Agent.WaitAsync(slot.Address, machine, ct), cancellationToken), cancellationToken);
        await steps.RunAsync("template-freeze", "prepared image", () => FreezeAsync(machine, cancellationToken), cancellationToken);
    }

    private async Task FreezeAsync(IVirtualMachine machine, CancellationToken cancellationToken)
    {
        await Task.Delay(Rest, time, cancellationToken);
        await ports.Hypervisor.SaveTemplateAsync(machine, files.Vmm, cancellationToken);
    }

    // Sockets and logs were the machine's own. What is left belongs to root and is never written again.
    private void Seal(IReadOnlyList<VmDisk> disks)
    {
        const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        FileOwner.Set(files.Machine, 0, 0, PrivateDirectory.OwnerOnly);
        foreach (string path in Directory.GetFiles(files.Machine))
        {
            if (disks.Any(disk => disk.Path == path))
            {
                FileOwner.Set(path, 0, 0, Readable);
            }
            else if (HardLink.Count(path) == 1)
            {
                File.Delete(path);
            }
        }
    }

    private async Task PublishAsync(IReadOnlyList<VmDisk> disks, BuildSteps steps, CancellationToken cancellationToken)
    {
        await ports.RequireHypervisorAsync(wish, cancellationToken);
        IReadOnlyDictionary<string, string> checksums = await Task.Run(() => TemplateCheck.Measure(files, cancellationToken), cancellationToken);
        await HostCommand.RunAsync(
            "sync", [.. files.Content().Select(name => Path.Combine(files.Directory, name))],
            new HostCommandOptions { Timeout = TimeSpan.FromMinutes(5) }, cancellationToken);
        TemplateCheck.Remember(files);
        new TemplateManifest
        {
            Key = wish.Key,
            ImageHash = wish.Image.Hash,
            Created = time.GetUtcNow(),
            Hypervisor = wish.Hypervisor,
            Disk = Path.GetRelativePath(files.Directory, disks[0].Path),
            DiskFormat = disks[0].Format,
            Seed = disks.ElementAtOrDefault(1) is { } seed ? Path.GetRelativePath(files.Directory, seed.Path) : null,
            Checksums = checksums,
            Durations = steps.Durations,
        }.Write(files);
    }

    private GuestIdentity Throwaway(SshKeyPair login)
    {
        SshKeyPair hostKey = SshKeyPair.Create();
        return new GuestIdentity
        {
            InstanceId = "template",
            HostName = "localhost",
            User = wish.Image.User,
            AuthorizedKey = login.PublicLine,
            HostKeyPem = hostKey.PrivatePem,
            HostKeyPublic = hostKey.PublicLine,
        };
    }

    private async Task LimitAsync(
        string subject, TimeSpan timeout, Func<string> lastOutput, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await work(either.Token);
        }
        catch (OperationCanceledException e) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ImageBuildException($"{subject} was not done within {timeout.TotalMinutes:0} min; the guest's last output: {lastOutput()}", e);
        }
    }
}
