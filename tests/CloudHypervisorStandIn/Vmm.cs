using System.Globalization;

namespace CloudHypervisorStandIn;

/// <summary>
/// The one machine of this process and what may be done to it when. Configured, it is Created; with a guest, Running or
/// Paused. Everything here runs on the main thread.
/// </summary>
internal sealed class Vmm(MainLoop loop, EventMonitor events, StandInLog log, StandInVersion version) : IDisposable
{
    private const string NotRunning = "VM is not running";

    private readonly ConfigRules _rules = new(version);
    private VmConfig? _config;
    private Guest? _guest;
    private bool _isPaused;

    private string State => _guest is null ? "Created" : _isPaused ? "Paused" : "Running";

    /// <summary>vm.create: takes the configuration and makes the consoles' files, nothing more.</summary>
    internal void Create(VmConfig config)
    {
        if (_config is not null)
        {
            throw VmException.Failed("VM is already created");
        }
        ConfigCompletion.Complete(config);
        _config = config;
        foreach (ConsoleConfig console in new[] { config.Serial, config.Console })
        {
            if (console is { Mode: "File", File: null })
            {
                // The real one's thread panics; the client is told that nobody answers any more.
                loop.Post(() => loop.End(1));
                throw VmException.Failed("API response receive error", "receiving on a closed channel");
            }
            ConsoleOutput.Open(console)?.Dispose();
        }
    }

    internal void Boot()
    {
        events.Emit("vm", "booting");
        VmConfig config = _config ?? throw Missing("VM config is missing");
        if (_guest is not null)
        {
            if (!_isPaused)
            {
                throw Transition("Running", "Running");
            }
            Resume();
            return;
        }
        _rules.Check(config);
        RequireTapFlags(config);
        RequireFile(config.Payload!.Kernel!, "Cannot open kernel file");
        RequireFile(config.Payload.Initramfs, "Cannot open initramfs file");
        if (GuestMemory.IsFileShort(config, config))
        {
            DieOfMemory();
            return;
        }
        Adopt(Guest.Boot(config));
        _guest!.Resume();
        _isPaused = false;
        events.Emit("vm", "booted");
    }

    internal void Pause()
    {
        Guest guest = RequireGuest();
        if (_isPaused)
        {
            throw Transition("Paused", "Paused");
        }
        events.Emit("vm", "pausing");
        guest.Pause();
        _isPaused = true;
        events.Emit("vm", "paused");
    }

    internal void Resume()
    {
        Guest guest = RequireGuest();
        if (!_isPaused)
        {
            throw Transition("Running", "Running");
        }
        events.Emit("vm", "resuming");
        guest.Resume();
        _isPaused = false;
        events.Emit("vm", "resumed");
    }

    internal void PressPowerButton() => RequireGuest().PressPowerButton();

    internal void Snapshot(SnapshotConfig request)
    {
        Guest guest = RequireGuest();
        events.Emit("vm", "snapshotting");
        if (!_isPaused)
        {
            throw VmException.Failed("Error taking snapshot", "Trying to snapshot while VM is running");
        }
        if (_config!.Memory.Zones is not [{ Shared: true, File: not null }])
        {
            throw VmException.NotOffered("snapshots of memory that is in no shared file");
        }
        events.Emit("vm", "snapshotted");
        SnapshotDirectory directory = SnapshotDirectory.Find(request.DestinationUrl);
        directory.Write(_config, LandlockPaths.Permit(_config, directory.Path, 'w'), () => new SavedDevices
        {
            Config = _config,
            DiskSizes = [.. (_config.Disks ?? []).Select(DiskCheck.FindSize)],
            Devices = guest.Save(),
        });
    }

    internal void Restore(RestoreConfig request)
    {
        if (_config is not null)
        {
            throw VmException.Failed("VM is already created");
        }
        SnapshotDirectory directory = SnapshotDirectory.Find(request.SourceUrl);
        VmConfig config = directory.ReadConfig();
        _rules.Check(config);
        if (request.MemoryRestoreMode == "OnDemand")
        {
            throw VmException.Failed("Error opening snapshot file", VmException.NoEntry);
        }
        SavedDevices saved = directory.ReadDevices();
        SavedDevicesCheck.Check(config, saved.Config);
        RequireTapFlags(config);
        RequireFile(config.Payload!.Initramfs, "Cannot open initramfs file");
        EmitActivated(saved.Config);
        events.Emit("vm", "restoring");
        if (GuestMemory.IsFileShort(config, saved.Config))
        {
            DieOfMemory();
            return;
        }
        Adopt(Guest.Restore(config, saved));
        _config = config;
        _isPaused = true;
        events.Emit("vm", "restored");
        if (request.Resume)
        {
            Resume();
        }
    }

    internal InfoAnswer Describe()
    {
        VmConfig config = _config ?? throw Missing("VM is not created");
        int slot = 0;
        DeviceNode Node(string id) => new() { Id = id, PciBdf = string.Create(CultureInfo.InvariantCulture, $"0000:00:{++slot:x2}.0") };
        return new InfoAnswer
        {
            Config = config,
            State = State,
            MemoryActualSize = GuestMemory.SizeOf(config),
            DeviceTree = _guest is null ? [] : DeviceIds(config).ToDictionary(id => id, Node),
        };
    }

    internal Dictionary<string, Dictionary<string, ulong>> Count()
    {
        Guest guest = RequireGuest();
        return DeviceCounters.Read(_config!, guest.QueryDisks());
    }

    /// <summary>vm.shutdown: a hard stop; the configuration stays.</summary>
    internal void Shutdown()
    {
        Guest guest = RequireGuest();
        _guest = null;
        guest.Dispose();
        if (_isPaused)
        {
            GuestMemory.Spoil(_config!);
        }
        _isPaused = false;
        events.Emit("vm", "shutdown");
    }

    internal void Delete()
    {
        if (_config is null)
        {
            return;
        }
        if (_guest is not null)
        {
            Shutdown();
        }
        _config = null;
        events.Emit("vm", "deleted");
    }

    /// <summary>The process's proper end: vmm.shutdown, SIGTERM, SIGINT, or a guest that has switched itself off.</summary>
    internal void End()
    {
        Delete();
        events.Emit("vmm", "shutdown");
        loop.End(0);
    }

    /// <summary>What is left of a machine at any end of the process.</summary>
    public void Dispose() => _guest?.Dispose();

    private static IEnumerable<string> DeviceIds(VmConfig config) =>
        [.. (config.Disks ?? []).Select(disk => disk.Id!), .. (config.Net ?? []).Select(net => net.Id!), "__rng", .. config.Console.Mode == "Off" ? (string[])[] : ["__console"]];

    private static VmException Transition(string from, string to) =>
        VmException.Failed($"Invalid transition: InvalidStateTransition({from}, {to})");

    private static void RequireFile(string? path, string otherwise)
    {
        if (path is not null && !File.Exists(path))
        {
            throw VmException.Failed(otherwise, VmException.NoEntry);
        }
    }

    private static void RequireTapFlags(VmConfig config)
    {
        foreach (NetConfig net in config.Net ?? [])
        {
            if (net.Tap is { } tap && !LandlockPaths.Permit(config, $"/sys/class/net/{tap}", 'r'))
            {
                throw VmException.Device("Cannot create virtio-net device", "Failed to open taps", "Failed to read the TAP flags from sysfs", VmException.AccessDenied);
            }
        }
    }

    private void EmitActivated(VmConfig config)
    {
        foreach (string id in DeviceIds(config))
        {
            events.Emit("virtio-device", "activated", id);
        }
    }

    private void Adopt(Guest guest)
    {
        _guest = guest;
        guest.WatchResets(() => loop.Post(() => OnReset(guest)));
        guest.Exited.ContinueWith(_ => loop.Post(() => OnExit(guest)), TaskScheduler.Default);
    }

    private void OnReset(Guest guest)
    {
        if (_guest == guest)
        {
            events.Emit("vm", "rebooting");
            guest.EmptyConsoles();
            events.Emit("vm", "rebooted");
        }
    }

    private void OnExit(Guest guest)
    {
        if (_guest != guest)
        {
            return;
        }
        if (guest.Exited.Result != 0)
        {
            log.Error($"QEMU ended with code {guest.Exited.Result}: {guest.LastOutput}");
        }
        End();
    }

    // The real one does not look at the size: the guest dies at its first access, is started again, and that fails.
    private void DieOfMemory() => loop.Post(() =>
    {
        events.Emit("vm", "rebooting");
        loop.End(1);
    });

    private Guest RequireGuest() => _guest ?? throw VmException.Failed(NotRunning);

    private VmException Missing(string reason) => new(version.HasNotFound ? 404 : 500, reason);
}
