using System.Text.Json;
using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool;
using VmPool.Ports;

namespace Qemu;

/// <summary>One running QEMU process, started or adopted by us.</summary>
internal sealed class QemuMachine : IVirtualMachine
{
    private const int ProcessLines = 8;
    private const int ConsoleLines = 12;
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(1);
    // A guest that writes much to a loaded disk has held the control channel for seconds; a hung QEMU never answers again.
    private static readonly TimeSpan ToleratedSilence = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan KillDeadline = TimeSpan.FromSeconds(10);

    private readonly ChildProcess _process;
    private readonly QmpLink _link;
    private readonly string _instanceId;
    private readonly GuestLog _processLog;
    private readonly GuestLog _serialLog;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private long? _silentSince;

    internal QemuMachine(ChildProcess process, QmpLink link, string instanceId, string directory, TimeProvider time, ILogger logger)
    {
        _process = process;
        _link = link;
        _instanceId = instanceId;
        Directory = directory;
        _time = time;
        _logger = logger;
        _processLog = new GuestLog(Path.Combine(directory, MachineFiles.ProcessLog));
        _serialLog = new GuestLog(Path.Combine(directory, MachineFiles.SerialLog));
        var virtioLog = new GuestLog(Path.Combine(directory, MachineFiles.VirtioLog));
        Exited = ObserveAsync(new LogKeeper(instanceId, [_processLog, _serialLog, virtioLog], time, logger));
    }

    /// <inheritdoc/>
    public ProcessIdentity Process => _process.Identity;

    /// <inheritdoc/>
    public Task<VmExit> Exited { get; }

    internal string InstanceId => _instanceId;

    internal string Directory { get; }

    /// <summary>
    /// Also false when the guest cannot go on by itself: QEMU has stopped it after an internal error, an error of its disk
    /// (the host's file system is full) or a panic.
    /// </summary>
    public async Task<bool> IsAliveAsync(CancellationToken cancellationToken)
    {
        if (_process.Exited.IsCompleted)
        {
            return false;
        }
        using var clock = new CancellationTokenSource(AnswerDeadline, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
        try
        {
            QmpConnection connection = await _link.GetAsync(AnswerDeadline, both.Token);
            JsonElement answer = await connection.ExecuteAsync("query-status", null, AnswerDeadline, both.Token);
            EndSilence();
            return QmpStatus.Read(answer) is not (null or "internal-error" or "io-error" or "guest-panicked" or "shutdown");
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return !_process.Exited.IsCompleted && IsSilenceTolerated();
        }
        catch (Exception e) when (IsNoAnswer(e) && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>
    /// Kills it and waits until it is gone. Nothing is asked of QEMU: what a machine leaves is thrown away, and the disk of a
    /// saved template is complete before its process ends. The token shortens nothing.
    /// </summary>
    /// <exception cref="HypervisorException">The process survives SIGKILL; it waits inside the kernel for a device of the host.</exception>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _process.Kill();
        try
        {
            await Exited.WaitAsync(KillDeadline, _time, CancellationToken.None);
        }
        catch (TimeoutException e) when (!_process.Exited.IsCompleted)
        {
            throw new HypervisorException(
                $"qemu of {_instanceId} (pid {Process.Pid}) is still there {KillDeadline.TotalSeconds:0} s after SIGKILL; it waits inside the kernel, look at /proc/{Process.Pid}/stack", e);
        }
    }

    private async Task<VmExit> ObserveAsync(LogKeeper keeper)
    {
        await GuardAsync(() => keeper.RunAsync(_process.Exited));
        int? code = await _process.Exited;
        await GuardAsync(() => _link.DisposeAsync().AsTask());
        string output = "";
        await GuardAsync(() =>
        {
            output = ReadLastOutput();
            return Task.CompletedTask;
        });
        return new VmExit(code, output);
    }

    // Files and socket are in the hands of whoever has taken QEMU over: trouble with them must not hide that it has ended.
    private async Task GuardAsync(Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception e)
        {
            _logger.ObservationFailed(_instanceId, Process.Pid, e);
        }
    }

    private void EndSilence()
    {
        lock (_gate)
        {
            _silentSince = null;
        }
    }

    private bool IsSilenceTolerated()
    {
        lock (_gate)
        {
            _silentSince ??= _time.GetTimestamp();
            return _time.GetElapsedTime(_silentSince.Value) < ToleratedSilence;
        }
    }

    /// <inheritdoc/>
    public string ReadLastOutput()
    {
        string process = _processLog.Tail(ProcessLines);
        string console = _serialLog.Tail(ConsoleLines);
        string[] parts = [process, console.Length == 0 ? "" : $"serial console:\n{console}"];
        return string.Join('\n', parts.Where(part => part.Length > 0));
    }

    /// <summary>Its control connection.</summary>
    /// <exception cref="HypervisorException">There is none to be had.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    internal Task<QmpConnection> ConnectAsync(CancellationToken cancellationToken) => _link.GetAsync(AnswerDeadline, cancellationToken);

    private static bool IsNoAnswer(Exception e) =>
        e is HypervisorException or QmpException or TimeoutException or OperationCanceledException or ObjectDisposedException;
}
