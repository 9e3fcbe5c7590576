using System.Globalization;
using LinuxHost;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Storage;

namespace VmPool.Images;

/// <summary>Boots a new image once: cloud-init runs the operator's commands in it and then takes everything out that machines must not share.</summary>
internal sealed class Prebuild(GroupOptions options, IHypervisor hypervisor, ISlotPool slots, TimeProvider time)
{
    private static readonly TimeSpan BeginDeadline = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan CommandsDeadline = TimeSpan.FromHours(2);
    private static readonly TimeSpan PowerOffDeadline = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300);

    /// <param name="hash">Hash of the image's inputs.</param>
    /// <param name="files">The image's files; the disk is changed.</param>
    /// <param name="scratch">Empty directory, removed by the caller.</param>
    /// <param name="steps">Log and progress.</param>
    /// <param name="cancellationToken">Ends the machine too.</param>
    /// <exception cref="ImageBuildException">A command failed, or the guest did not finish; says which and why.</exception>
    public async Task RunAsync(string hash, RootFiles files, string scratch, BuildSteps steps, CancellationToken cancellationToken)
    {
        IReadOnlyList<CloudInitCommand> commands = [.. options.Image.PrebuildCommands.Select(CloudInitCommand.Parse)];
        string owner = $"{options.Name}-image-{hash[..8]}";
        NetworkSlot slot = await slots.AcquireAsync(owner, cancellationToken);
        // Not with the caller's token: a cancelled build must give its slot back too. When that fails, the claim stays and is
        // found by its owner's name when a group is opened next.
        await Ending.RunAsync(
            () => BootAsync(owner, slot, files, scratch, commands, steps, cancellationToken),
            () => slots.ReleaseAsync(slot.Number, owner, CancellationToken.None),
            $"network slot {slot.Number} of {owner} was not released", steps.Log);
    }

    private async Task BootAsync(
        string owner, NetworkSlot slot, RootFiles files, string scratch, IReadOnlyList<CloudInitCommand> commands, BuildSteps steps,
        CancellationToken cancellationToken)
    {
        string reportDisk = Path.Combine(scratch, "report.raw");
        using PrebuildOutput output = PrebuildOutput.Create(reportDisk);
        string seed = await NoCloudSeed.CreateAsync(
            scratch, owner, "localhost", PrebuildScript.UserData(options.Machine.User, commands), slot.UserId, cancellationToken);
        foreach (string path in new[] { files.Disk, reportDisk })
        {
            FileOwner.Set(path, slot.UserId, slot.UserId, AtomicFile.PrivateMode);
        }
        FileOwner.Set(scratch, slot.UserId, slot.UserId, PrivateDirectory.OwnerOnly);
        IVirtualMachine machine = await hypervisor.BootAsync(new BootRequest
        {
            InstanceId = owner,
            Directory = scratch,
            NetworkNamespace = slot.Namespace,
            Mtu = slot.Mtu,
            UserId = slot.UserId,
            Disks = [new VmDisk(files.Disk, "raw", false), new VmDisk(seed, "raw", true), new VmDisk(reportDisk, "raw", false)],
            KernelPath = files.Kernel,
            InitrdPath = files.Initrd,
            KernelCommandLine = Recipe.KernelCommandLine,
            Cpus = options.Machine.Cpus,
            MemoryMb = options.Machine.MemoryMb,
        }, cancellationToken);
        await Ending.RunAsync(
            () => FollowAsync(machine, output, commands, steps, cancellationToken),
            async () =>
            {
                await machine.StopAsync(CancellationToken.None);
                FileOwner.Set(files.Disk, 0, 0, AtomicFile.PrivateMode);
            },
            $"the machine {owner} was not stopped", steps.Log);
    }

    private async Task FollowAsync(
        IVirtualMachine machine, PrebuildOutput output, IReadOnlyList<CloudInitCommand> commands, BuildSteps steps, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        TimeSpan? ended = null;
        while (true)
        {
            // Asked before the disk is read: what the guest wrote last is then certain to be seen.
            bool gone = machine.Exited.IsCompleted;
            Copy(output.ReadLines(gone), commands, steps);
            PrebuildResult? result = output.ReadResult();
            TimeSpan elapsed = time.GetElapsedTime(began);
            if (result?.State is "failed" or "sealed")
            {
                ended ??= elapsed;
            }
            if (result?.State == "failed")
            {
                Copy(output.ReadLines(atEnd: true), commands, steps);
                throw Failure(result, commands);
            }
            if (gone)
            {
                if (result?.State == "sealed")
                {
                    return;
                }
                VmExit exit = await machine.Exited;
                throw new ImageBuildException(
                    $"the machine ended (exit code {exit.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? "unknown"}) while {Phase(result)}; its last output: {exit.LastOutput}");
            }
            (TimeSpan since, TimeSpan deadline) = ended is { } end ? (elapsed - end, PowerOffDeadline)
                : result is null ? (elapsed, BeginDeadline) : (elapsed, CommandsDeadline);
            if (since > deadline)
            {
                throw new ImageBuildException(
                    $"the machine did not finish within {deadline.TotalMinutes:0} min while {Phase(result)}; its last output: {machine.ReadLastOutput()}");
            }
            await Task.WhenAny(machine.Exited, Task.Delay(Look, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static void Copy(IReadOnlyList<string> lines, IReadOnlyList<CloudInitCommand> commands, BuildSteps steps)
    {
        foreach (string line in lines)
        {
            if (line.StartsWith(PrebuildScript.CommandMark, StringComparison.Ordinal)
                && int.TryParse(line.AsSpan(PrebuildScript.CommandMark.Length), CultureInfo.InvariantCulture, out int number)
                && number > 0 && number <= commands.Count)
            {
                string activity = $"command {number} of {commands.Count}: {commands[number - 1].Shell}";
                steps.Doing(activity);
                steps.Log.StartSection(activity);
            }
            else
            {
                steps.Log.Write(line);
            }
        }
    }

    private static ImageBuildException Failure(PrebuildResult result, IReadOnlyList<CloudInitCommand> commands)
    {
        if (result.Command < 1 || result.Command > commands.Count)
        {
            return new ImageBuildException($"sealing the image ended with exit code {result.Code}");
        }
        string which = $"vm_prebuild_cloudinit_extra_cmds[{result.Command - 1}] `{commands[result.Command - 1].Shell}`";
        return result.Code == 0
            ? new ImageBuildException($"{which} ended the whole script (exit 0) before the commands after it ran; put it into a subshell: `( … )`")
            : new ImageBuildException(
                $"{which} failed with exit code {result.Code} (fleetingd ignored failing commands; to have that for this one, append ` || true`)");
    }

    private static string Phase(PrebuildResult? result) => result?.State switch
    {
        null => "booting, before cloud-init ran our script",
        "sealed" => "powering off",
        _ => "running the commands",
    };
}
