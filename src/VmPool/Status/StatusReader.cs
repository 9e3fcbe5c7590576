using LinuxHost;
using VmPool.Instances;
using VmPool.Simulated;
using VmPool.Storage;

namespace VmPool.Status;

/// <summary>Reads what the groups of one state directory have written.</summary>
public static class StatusReader
{
    /// <summary>Reads all groups; a directory that does not exist has none.</summary>
    /// <exception cref="HostResourceException">The directory exists but cannot be read.</exception>
    public static StatusReport Read(string stateDirectory)
    {
        string root = Path.Combine(stateDirectory, "groups");
        var groups = new List<GroupStatus>();
        var instances = new List<InstanceStatus>();
        foreach (string name in GroupNames(root))
        {
            string directory = Path.Combine(root, name);
            InitRecord? init = InitRecord.TryRead(directory);
            string hypervisor = init?.Hypervisor ?? "";
            groups.Add(new GroupStatus(name, FileLock.HolderOf(GroupFiles.LockPath(directory)), hypervisor, hypervisor == SimulatedPool.HypervisorName,
                TemplateNote.TryRead(directory)));
            instances.AddRange(new InstanceRecords(directory).Load()
                .Select(found => found.Record)
                .OfType<InstanceRecord>()
                .Select(record => Describe(name, record)));
        }
        return new StatusReport(groups, instances);
    }

    private static IEnumerable<string> GroupNames(string root)
    {
        try
        {
            return Directory.GetDirectories(root).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal);
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (UnauthorizedAccessException e)
        {
            throw new HostResourceException($"cannot read {root}: {e.Message}; run the command as the user of gitlab-runner (root)", e);
        }
    }

    private static InstanceStatus Describe(string group, InstanceRecord record) => new(
        group, record.Id, record.Spare ? "spare" : record.State.Word(), record.Address, record.Slot, record.Pid, record.Hypervisor, record.ImageHash,
        record.HostKey, record.Failure, record.AcceptedAt, record.Timeline);
}
