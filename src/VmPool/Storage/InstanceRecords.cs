using System.Text.Json;
using LinuxHost;

namespace VmPool.Storage;

/// <summary>The records of one group, one file each: <c>STATE/groups/NAME/instances/ID.json</c>.</summary>
public sealed class InstanceRecords(string groupStateDirectory)
{
    private const string Suffix = ".json";
    private readonly string directory = DirectoryOf(groupStateDirectory);

    /// <summary>Where the records of a group lie.</summary>
    public static string DirectoryOf(string groupStateDirectory) => Path.Combine(groupStateDirectory, "instances");

    /// <summary>Writes the record so that a reader sees the old or the new one, never a part.</summary>
    /// <exception cref="HostResourceException">The directory cannot be written.</exception>
    public void Save(InstanceRecord record)
    {
        PrivateDirectory.Ensure(directory);
        // No fsync: after a power loss no VM is left, and a torn record is reclaimed.
        AtomicFile.Write(PathOf(record.Id), JsonSerializer.SerializeToUtf8Bytes(record, StateJson.Default.InstanceRecord), fsync: false);
    }

    /// <summary>Removes the record; already gone is fine.</summary>
    public void Delete(string id) => File.Delete(PathOf(id));

    /// <summary>
    /// Removes what a killed process left half written; a record's rest holds its private login key. The caller holds the
    /// group's lock: <see cref="Load"/> does not do it, because status commands read beside a running plugin.
    /// </summary>
    public void RemoveLeftovers() => TemporaryName.RemoveLeftovers(directory);

    /// <summary>All records; <see cref="FoundRecord.Record"/> is absent where a file cannot be read as one.</summary>
    public IReadOnlyList<FoundRecord> Load()
    {
        if (!Directory.Exists(directory))
        {
            return [];
        }
        var found = new List<FoundRecord>();
        foreach (string path in Directory.EnumerateFiles(directory, "*" + Suffix).Order(StringComparer.Ordinal))
        {
            if (TryRead(path, out FoundRecord record))
            {
                found.Add(record);
            }
        }
        return found;
    }

    private static bool TryRead(string path, out FoundRecord found)
    {
        string id = Path.GetFileNameWithoutExtension(path);
        found = new FoundRecord(id, null);
        try
        {
            InstanceRecord? record = JsonSerializer.Deserialize(File.ReadAllBytes(path), StateJson.Default.InstanceRecord);
            found = found with { Record = record?.Id == id ? record : null };
            return true;
        }
        catch (JsonException)
        {
            return true;
        }
        catch (FileNotFoundException)
        {
            return false; // Deleted between listing and reading.
        }
    }

    private string PathOf(string id) => Path.Combine(directory, id + Suffix);
}

/// <summary>One file among the records.</summary>
/// <param name="Id">From the file's name.</param>
/// <param name="Record">Absent when torn or foreign.</param>
public sealed record FoundRecord(string Id, InstanceRecord? Record);
