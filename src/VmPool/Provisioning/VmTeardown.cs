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
    /// because it leads to all the rest; slot and directory know nothing of each other.
    /// </summary>
    /// <param name="record">The instance's record, or what stands for it when only traces of it were found, as it is at that moment.</param>
    public CleanupStack For(Func<InstanceRecord> record)
    {
        var cleanup = new CleanupStack();
        cleanup.Push(Record(record().Id));
        cleanup.Push(Undo.Both(Slot(record), Directory(record().Directory)));
        return cleanup;
    }

    /// <summary>
    /// The undo of a machine that this process started or adopted. To cut it off takes about as long as its end, and neither
    /// needs the other.
    /// </summary>
    public Undo Machine(IVirtualMachine machine, InstanceRecord record) => Undo.Both(
        new($"process {machine.Process.Pid}", machine.StopAsync),
        new($"link of {record.Id}", ct => ports.Slots.DisconnectAsync(record.Slot!.Value, record.Id, ct)));

    private Undo Record(string id) => new($"record of {id}", _ =>
    {
        records.Delete(id);
        return Task.CompletedTask;
    });

    // A guest that broke out owns this directory.
    private static Undo Directory(string directory) => new($"directory {directory}", ct => DirectoryTree.RemoveAsync(directory, ct));

    // Releasing a slot ends every process in its namespace. Without a number in the record it is looked for by its owner: an
    // acquisition that failed together with its own undo has told nobody its number.
    private Undo Slot(Func<InstanceRecord> record) => new($"network slot of {record().Id}", async ct =>
    {
        string owner = record().Id;
        int[] numbers = record().Slot is { } number
            ? [number]
            : [.. ports.Slots.FindClaims(options.Name).Where(claim => claim.Owner == owner).Select(claim => claim.Number)];
        foreach (int each in numbers)
        {
            await ports.Slots.ReleaseAsync(each, owner, ct);
        }
    });
}
