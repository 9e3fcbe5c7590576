using System.IO.Pipes;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Qemu;
using VmPool;

namespace CloudHypervisorStandIn;

/// <summary>
/// One running machine: a QEMU process and the conversation with it. Everything but <see cref="Exited"/> and the report of
/// a reset belongs to the main thread, which waits for QEMU's answers: so does the real one's.
/// </summary>
internal sealed class Guest : IDisposable
{
    private const string StateName = "device-state";
    private static readonly TimeSpan CommandDeadline = TimeSpan.FromSeconds(60);

    private readonly BoundQemu _qemu;
    private readonly QmpConnection _connection;
    private readonly ConsoleOutput?[] _consoles;

    private Guest(BoundQemu qemu, QmpConnection connection, ConsoleOutput?[] consoles)
    {
        _qemu = qemu;
        _connection = connection;
        _consoles = consoles;
    }

    /// <summary>Completes when QEMU has ended by itself: the guest is off, or something is broken.</summary>
    internal Task<int?> Exited => _qemu.Exited;

    /// <summary>Why, for the log.</summary>
    internal string LastOutput => _qemu.Output;

    /// <summary>A machine that stands before its first instruction.</summary>
    /// <exception cref="VmException">It cannot be made.</exception>
    internal static Guest Boot(VmConfig config) => Start(config, config, [], null);

    /// <summary>A machine that stands where a saved one was stopped.</summary>
    /// <exception cref="VmException">It cannot be made.</exception>
    internal static Guest Restore(VmConfig config, SavedDevices saved)
    {
        Guest guest = Start(saved.Config, config, saved.DiskSizes, saved.Devices);
        try
        {
            guest.Load();
            return guest;
        }
        catch (Exception e) when (e is QmpException or HypervisorException or TimeoutException)
        {
            string output = guest.LastOutput;
            guest.Dispose();
            throw VmException.Failed("Error restoring VM", e.Message, output);
        }
    }

    /// <summary>Reports every reset of the guest, on any thread.</summary>
    internal void WatchResets(Action happened) =>
        // A command that is never over is told every event.
        _ = _connection.ExecuteUntilAsync("query-status", null, message =>
        {
            if (message.Name == "RESET")
            {
                happened();
            }
            return false;
        }, Timeout.InfiniteTimeSpan, CancellationToken.None).ContinueWith(ended => _ = ended.Exception, TaskScheduler.Default);

    internal void Resume() => Execute("cont");

    internal void Pause() => Execute("stop");

    internal void PressPowerButton() => Execute("system_powerdown");

    /// <summary>What the guest's reset does to the files of the consoles.</summary>
    internal void EmptyConsoles()
    {
        foreach (ConsoleOutput? console in _consoles)
        {
            console?.Empty();
        }
    }

    /// <summary>QEMU's counters of the disks, in the order of the configuration.</summary>
    internal IReadOnlyList<JsonElement> QueryDisks() =>
        [.. Execute("query-blockstats").EnumerateArray().Select(disk => disk.GetProperty("stats"))];

    /// <summary>The state of the devices of a machine that stands. The memory is in its file.</summary>
    internal byte[] Save()
    {
        Execute("migrate-set-capabilities", MigrationEvent.WriteCapabilities);
        // By default QEMU would spread even half a megabyte over time.
        Execute("migrate-set-parameters", json => json.WriteNumber("max-bandwidth", 1L << 40));
        // The saving is completed when QEMU has written; the program may still be copying then. The end of the pipe is the end.
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        Task<byte[]> state = Task.Run(() => ReadToEnd(pipe));
        using (SafePipeHandle end = pipe.ClientSafePipeHandle)
        {
            // QEMU 7.2 writes to sockets and programs only, and a program can write to what we have open.
            Migrate("migrate", $"exec:cat >/proc/{Environment.ProcessId}/fd/{Native.Number(end)}");
        }
        return state.WaitAsync(CommandDeadline).GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        _qemu.Dispose();
        _connection.DisposeAsync().AsTask().Wait();
        foreach (ConsoleOutput? console in _consoles)
        {
            console?.Dispose();
        }
    }

    private static Guest Start(VmConfig saved, VmConfig current, IReadOnlyList<long> diskSizes, byte[]? devices)
    {
        var owned = new Stack<IDisposable>();
        try
        {
            var arguments = new GuestArguments(saved, current, diskSizes);
            ConsoleOutput?[] consoles = [ConsoleOutput.Open(current.Serial), ConsoleOutput.Open(current.Console)];
            foreach (ConsoleOutput console in consoles.OfType<ConsoleOutput>())
            {
                owned.Push(console);
            }
            using SafeFileHandle state = Native.MemoryFile(StateName);
            RandomAccess.Write(state, devices ?? [], 0);
            using GuestMemory memory = GuestMemory.Open(current, isRestored: devices is not null);
            (Socket ours, SafeFileHandle theirs) = Native.ConnectedSockets();
            var stream = new NetworkStream(ours, ownsSocket: true);
            owned.Push(stream);
            using (theirs)
            {
                BoundQemu qemu = BoundQemu.Start(
                    [
                        .. arguments.Machine(memory.Backend, consoles[0] is not null, consoles[1] is not null),
                        .. arguments.Payload(),
                        .. devices is null ? (string[])[] : ["-incoming", "defer"],
                    ],
                    Descriptors(theirs, state, memory.Copy, consoles));
                owned.Push(qemu);
                theirs.Dispose();
                return new Guest(qemu, Converse(qemu, stream), consoles);
            }
        }
        catch
        {
            while (owned.TryPop(out IDisposable? made))
            {
                made.Dispose();
            }
            throw;
        }
    }

    private static Dictionary<int, SafeFileHandle> Descriptors(
        SafeFileHandle control, SafeFileHandle state, SafeFileHandle? memory, ConsoleOutput?[] consoles)
    {
        var descriptors = new Dictionary<int, SafeFileHandle>
        {
            [GuestDescriptors.Control] = control,
            [GuestDescriptors.DeviceState] = state,
        };
        (int Number, SafeFileHandle? File)[] others =
            [(GuestDescriptors.Memory, memory), (GuestDescriptors.Serial, consoles[0]?.File), (GuestDescriptors.Console, consoles[1]?.File)];
        foreach ((int number, SafeFileHandle? file) in others)
        {
            if (file is not null)
            {
                descriptors[number] = file;
            }
        }
        return descriptors;
    }

    private static QmpConnection Converse(BoundQemu qemu, NetworkStream stream)
    {
        try
        {
            return QmpConnection.OpenAsync(stream, "QEMU", CommandDeadline, TimeProvider.System, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is HypervisorException or TimeoutException)
        {
            throw GuestFailure.Translate(qemu.Output.Length > 0 ? qemu.Output : e.Message);
        }
    }

    private static byte[] ReadToEnd(Stream stream)
    {
        using var all = new MemoryStream();
        stream.CopyTo(all);
        return all.ToArray();
    }

    private void Load()
    {
        Execute("migrate-set-capabilities", MigrationEvent.WriteCapabilities);
        Migrate("migrate-incoming", $"fd:{GuestDescriptors.DeviceState}");
    }

    private void Migrate(string command, string target) => MigrationEvent.RequireCompleted(_connection.ExecuteUntilAsync(
        command, json => json.WriteString("uri", target), MigrationEvent.IsLast, CommandDeadline, CancellationToken.None).GetAwaiter().GetResult());

    private JsonElement Execute(string command, Action<Utf8JsonWriter>? arguments = null) =>
        _connection.ExecuteAsync(command, arguments, CommandDeadline, CancellationToken.None).GetAwaiter().GetResult();
}
