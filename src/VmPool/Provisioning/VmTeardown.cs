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
    /// <summary>The instance's own directory: disks, sockets, logs.</summary>
    public string DirectoryOf(string id) => Path.Combine(options.GroupDiskDirectory, id);

    /// <summary>The stack of an instance that has nothing but its record; the record goes last.</summary>
    public CleanupStack ForNew(string id)
    {
        var cleanup = new CleanupStack();
        cleanup.Push(Record(id));
        cleanup.Push(Directory(id));
        return cleanup;
    }

    /// <summary>The stack of an instance known by its record or only by its name; undoing what does not exist is harmless.</summary>
    public CleanupStack ForFound(string id)
    {
        CleanupStack cleanup = ForNew(id);
        foreach (SlotClaim claim in ports.Slots.FindClaims(options.Name).Where(claim => claim.Owner == id))
        {
            // Releasing a slot ends every process in its namespace, so the machine needs no undo of its own here.
            cleanup.Push(Slot(id, claim.Number));
        }
        return cleanup;
    }

    public Undo Record(string id) => new($"record of {id}", _ =>
    {
        records.Delete(id);
        return Task.CompletedTask;
    });

    public Undo Directory(string id) => new($"directory {DirectoryOf(id)}", _ =>
    {
        try
        {
            System.IO.Directory.Delete(DirectoryOf(id), recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Already gone, or never made.
        }
        return Task.CompletedTask;
    });

    public Undo Slot(string owner, int number) => new($"slot {number}", ct => ports.Slots.ReleaseAsync(number, owner, ct));

    public static Undo Machine(IVirtualMachine machine) => new($"process {machine.Process.Pid}", machine.StopAsync);
}
