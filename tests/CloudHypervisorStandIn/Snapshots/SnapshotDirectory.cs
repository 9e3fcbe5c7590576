using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace CloudHypervisorStandIn;

/// <summary>The two files of a snapshot. There is no memory-ranges: the memory is in the zone's file.</summary>
/// <param name="path">Exists.</param>
internal sealed class SnapshotDirectory(string path)
{
    private const string Scheme = "file://";
    private const string ConfigName = "config.json";
    private const string StateName = "state.json";
    private const string StateKey = "state";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    internal string Path => path;

    /// <exception cref="VmException">No URL of an existing directory.</exception>
    internal static SnapshotDirectory Find(string url)
    {
        if (!url.StartsWith(Scheme, StringComparison.Ordinal))
        {
            throw VmException.Failed($"Could not extract path from URL: {url}");
        }
        string path = url[Scheme.Length..];
        return Directory.Exists(path) ? new SnapshotDirectory(path) : throw VmException.Failed($"Destination is not a directory: {path}");
    }

    /// <summary>Both files are new; the second is not made when the first cannot be, and an attempt leaves what it made.</summary>
    /// <param name="config">The machine's.</param>
    /// <param name="isPermitted">Whether Landlock would let it write: it would let it make the first file.</param>
    /// <param name="save">Saves the devices.</param>
    /// <exception cref="VmException">One of them exists or cannot be written.</exception>
    internal void Write(VmConfig config, bool isPermitted, Func<SavedDevices> save)
    {
        WriteFile(ConfigName, () => isPermitted
            ? JsonSerializer.Serialize(config, StandInJson.Plain.VmConfig)
            : throw new UnauthorizedAccessException());
        WriteFile(StateName, () =>
        {
            string state = JsonSerializer.Serialize(save(), StandInJson.Plain.SavedDevices);
            return JsonSerializer.Serialize(new MachineState
            {
                Snapshots = new() { ["cpu-manager"] = new(), ["memory-manager"] = new(), ["device-manager"] = new() },
                SnapshotData = new() { [StateKey] = state },
            }, StandInJson.Plain.MachineState);
        });
    }

    /// <exception cref="VmException">It is missing or broken.</exception>
    internal VmConfig ReadConfig() => Read(
        ConfigName, StandInJson.Plain.VmConfig, "Error opening VM config snapshot file", "Error deserialising VM config snapshot");

    /// <exception cref="VmException">They are missing or broken.</exception>
    internal SavedDevices ReadDevices()
    {
        const string Broken = "Error deserialising VM state snapshot";
        MachineState state = Read(StateName, StandInJson.Plain.MachineState, "Error opening VM state snapshot file", Broken);
        try
        {
            return JsonSerializer.Deserialize(state.SnapshotData?[StateKey] ?? "null", StandInJson.Plain.SavedDevices)
                ?? throw VmException.Failed(Broken);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException)
        {
            throw VmException.Failed(Broken, e.Message);
        }
    }

    private void WriteFile(string name, Func<string> content)
    {
        try
        {
            using var file = new FileStream(System.IO.Path.Combine(path, name), new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = OwnerOnly,
            });
            using var writer = new StreamWriter(file);
            writer.Write(content());
        }
        catch (IOException e) when (File.Exists(System.IO.Path.Combine(path, name)))
        {
            throw VmException.Failed($"Error creating {name}", "File exists (os error 17)", e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw VmException.Failed($"Error creating {name}", VmException.Describe(e));
        }
    }

    private T Read<T>(string name, JsonTypeInfo<T> type, string missing, string broken)
    {
        string file = System.IO.Path.Combine(path, name);
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(file), type) ?? throw VmException.Failed(broken, "null");
        }
        catch (JsonException e)
        {
            throw VmException.Failed(broken, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw VmException.Failed($"{missing} {file}", VmException.Describe(e));
        }
    }
}
