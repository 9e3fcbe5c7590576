using LinuxHost;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Storage;

namespace VmPool.Provisioning;

/// <summary>
/// How each thing of a virtual machine is undone. Deletion, a failed creation and recovery all use these: what is found by
/// record or by name is undone exactly as what was made a moment ago.
/// </summary>
internal sealed class VmTeardown(GroupOptions options, VmPorts ports, InstanceRecords records)
{
    /// <summary>The instance's own directory as it is made today: disks, sockets, logs.</summary>
    public string DirectoryOf(string id) => Path.Combine(options.GroupDiskDirectory, id);

    /// <summary>
    /// The stack of an instance before anything of it exists: undoing what was never made is harmless. The record goes last,
    /// because it leads to all the rest.
    /// </summary>
    /// <param name="id">Instance or image build.</param>
    /// <param name="directory">The directory its record names.</param>
    public CleanupStack For(string id, string directory)
    {
        var cleanup = new CleanupStack();
        cleanup.Push(Record(id));
        cleanup.Push(Directory(directory));
        cleanup.Push(Slots(id));
        return cleanup;
    }

    /// <summary>The undo of a machine that this process started or adopted.</summary>
    public static Undo Machine(IVirtualMachine machine) => new($"process {machine.Process.Pid}", machine.StopAsync);

    private Undo Record(string id) => new($"record of {id}", _ =>
    {
        records.Delete(id);
        return Task.CompletedTask;
    });

    // A guest that broke out owns this directory: rm copes with trees that are deeper than any path may be long, does not
    // follow links, and does not leave the file system.
    private static Undo Directory(string directory) => new($"directory {directory}", async ct =>
    {
        if (System.IO.Directory.Exists(directory))
        {
            await HostCommand.RunAsync("rm", ["--recursive", "--force", "--one-file-system", "--", directory], cancellationToken: ct);
        }
    });

    // By owner and not by number: an acquisition that failed together with its own undo has told nobody its number. Releasing
    // a slot ends every process in its namespace.
    private Undo Slots(string owner) => new($"network slot of {owner}", async ct =>
    {
        foreach (SlotClaim claim in ports.Slots.FindClaims(options.Name).Where(claim => claim.Owner == owner))
        {
            await ports.Slots.ReleaseAsync(claim.Number, owner, ct);
        }
    });
}
