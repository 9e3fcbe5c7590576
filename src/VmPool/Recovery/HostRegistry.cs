using System.Globalization;
using System.Text.Json;
using LinuxHost;
using VmPool.Networking;
using VmPool.Options;
using VmPool.Storage;

namespace VmPool.Recovery;

/// <summary>
/// All groups of this host by name, each held by the one process that serves it. The kernel lets go of the lock when that
/// process dies; the entry it leaves then is replaced by the group's next process.
/// </summary>
public sealed class HostRegistry(RunDirectory run)
{
    private const string HostLock = "host";

    private static readonly TimeSpan LongestWrite = TimeSpan.FromMinutes(1);

    private readonly string _groups = Path.Combine(run.FullPath, "groups");

    /// <summary>Takes the group for this process until the result is disposed.</summary>
    /// <exception cref="HostRequirementException">
    /// Another process serves a group of this name, or an earlier one has left machines under another state directory.
    /// </exception>
    public async Task<IAsyncDisposable> RegisterAsync(GroupOptions options, CancellationToken cancellationToken)
    {
        using (await run.LockAsync(HostLock, cancellationToken))
        {
            RemoveLeftovers();
            RefuseOtherStateDirectory(options);
            PrivateDirectory.Ensure(options.GroupStateDirectory);
            FileLock held = LockGroup(options);
            try
            {
                PrivateDirectory.Ensure(_groups);
                AtomicFile.Write(PathOf(options.Name), JsonSerializer.Serialize(Describe(options), RegistryJson.Default.GroupRegistration));
                return new Entry(this, options.Name, held);
            }
            catch
            {
                held.Dispose();
                throw;
            }
        }
    }

    /// <summary>
    /// Takes the group's lock in its existing state directory and removes what a killed holder left half written there. Alone it is enough for a group that uses nothing of the host.
    /// </summary>
    /// <exception cref="HostRequirementException">Another process holds it; names its pid.</exception>
    public static FileLock LockGroup(GroupOptions options)
    {
        string path = GroupFiles.LockPath(options.GroupStateDirectory);
        FileLock held = FileLock.TryAcquire(path) ?? throw Taken(options.Name, FileLock.HolderOf(path));
        try
        {
            TemporaryName.RemoveLeftovers(options.GroupStateDirectory);
            new InstanceRecords(options.GroupStateDirectory).RemoveLeftovers();
            // Shared with other groups and with `image build`, which do not hold this lock.
            TemporaryName.RemoveLeftovers(Path.Combine(options.ImagesDirectory, "groups"), LongestWrite);
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>All entries, also those of dead processes.</summary>
    public IReadOnlyDictionary<string, GroupRegistration> List() =>
        Directory.Exists(_groups)
            ? Directory.EnumerateFiles(_groups, "*.json")
                .Select(path => (Name: Path.GetFileNameWithoutExtension(path), Registration: Read(path)))
                .Where(entry => entry.Registration is not null)
                .ToDictionary(entry => entry.Name, entry => entry.Registration!)
            : new Dictionary<string, GroupRegistration>();

    // Under the host's lock, which every writer of these directories holds.
    private void RemoveLeftovers()
    {
        TemporaryName.RemoveLeftovers(run.FullPath);
        TemporaryName.RemoveLeftovers(_groups);
        new ClaimDirectory(run.FullPath, TimeProvider.System).RemoveLeftovers();
    }

    /// <remarks>
    /// The claims decide, not the entry: a process that ends in order takes its entry with it while its machines go on. The
    /// new process would find no records of them and reclaim them as strays. A slot that is only kept ready is no machine.
    /// </remarks>
    private void RefuseOtherStateDirectory(GroupOptions options)
    {
        if (Read(PathOf(options.Name)) is { } other
            && other.StateDirectory != options.StateDirectory
            && ProcessTable.Identify(other.Pid) == new ProcessIdentity(other.Pid, other.StartTicks))
        {
            throw Taken(options.Name, other.Pid);
        }
        var elsewhere = new ClaimDirectory(run.FullPath, TimeProvider.System).List()
            .Where(claim => claim.Record.Group == options.Name && claim.Record.StateDirectory != options.StateDirectory
                && !ReadyOwner.Is(claim.Record.Owner, options.Name))
            .GroupBy(claim => claim.Record.StateDirectory).FirstOrDefault();
        if (elsewhere is not null)
        {
            throw new HostRequirementException(string.Create(CultureInfo.InvariantCulture,
                $"group \"{options.Name}\" has {elsewhere.Count()} machines recorded in state_directory {elsewhere.Key}, but is now configured with {options.StateDirectory}; set it back until they are deleted, or give this entry another `name`"));
        }
    }

    private static HostRequirementException Taken(string name, int? pid) =>
        new($"group \"{name}\" is already served on this host: two [[runners]] entries need different `name`s in plugin_config; held by pid {pid?.ToString(CultureInfo.InvariantCulture) ?? "unknown"}");

    private static GroupRegistration Describe(GroupOptions options) => new()
    {
        StateDirectory = options.StateDirectory,
        Subnet = options.Network.Subnet.ToString(),
        Pid = Environment.ProcessId,
        StartTicks = ProcessTable.StartTicks(Environment.ProcessId),
    };

    private static GroupRegistration? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(path), RegistryJson.Default.GroupRegistration);
        }
        catch (IOException e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new HostResourceException($"the registry entry {path} cannot be read ({e.Message}); remove it if no plugin serves that group", e);
        }
    }

    private async Task RemoveAsync(string name)
    {
        using (await run.LockAsync(HostLock, CancellationToken.None))
        {
            File.Delete(PathOf(name));
            RemoveLeftovers();
            if (!Directory.EnumerateFileSystemEntries(_groups).Any())
            {
                Directory.Delete(_groups);
            }
        }
    }

    private string PathOf(string name) => Path.Combine(_groups, name + ".json");

    private sealed class Entry(HostRegistry registry, string name, FileLock held) : IAsyncDisposable
    {
        private int _disposed;

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                await registry.RemoveAsync(name);
                held.Dispose();
            }
        }
    }
}
