using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool;
using VmPool.Ports;

namespace VmmProcess;

/// <summary>What a machine's process is called and where it writes.</summary>
/// <param name="InstanceId">For messages.</param>
/// <param name="Program">Name of the hypervisor, for messages.</param>
/// <param name="Directory">The machine's.</param>
/// <param name="OutputName">Name of the process's own output file there.</param>
/// <param name="KeepsAppending">Whether it opens the guest's console files for appending; see <see cref="GuestLog.IsAppended"/>.</param>
public sealed record MachineProcessInfo(string InstanceId, string Program, string Directory, string OutputName, bool KeepsAppending);

/// <summary>One running hypervisor process, started or adopted by us: its end, its output, and how long it may keep silent.</summary>
public sealed class MachineProcess
{
    private const int ProcessLines = 8;
    private const int ConsoleLines = 12;
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(1);
    // A guest that writes much to a loaded disk has held the control channel for seconds; a hung process never answers again.
    private static readonly TimeSpan ToleratedSilence = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan KillDeadline = TimeSpan.FromSeconds(10);

    private readonly ChildProcess _process;
    private readonly MachineProcessInfo _info;
    private readonly Func<ValueTask> _release;
    private readonly GuestLog _processLog;
    private readonly GuestLog _serialLog;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private long? _silentSince;
    private volatile string _verdict = "";

    /// <param name="process">The process.</param>
    /// <param name="info">Its names.</param>
    /// <param name="release">Gives back what the driver holds for it, once it has ended.</param>
    /// <param name="time">For deadlines.</param>
    /// <param name="logger">Takes what goes wrong while it is watched.</param>
    public MachineProcess(ChildProcess process, MachineProcessInfo info, Func<ValueTask> release, TimeProvider time, ILogger logger)
    {
        _process = process;
        _info = info;
        _release = release;
        _time = time;
        _logger = logger;
        _processLog = new GuestLog(Path.Combine(info.Directory, info.OutputName));
        _serialLog = new GuestLog(Path.Combine(info.Directory, ConsoleFiles.Serial), info.KeepsAppending);
        var virtioLog = new GuestLog(Path.Combine(info.Directory, ConsoleFiles.Virtio), info.KeepsAppending);
        Exited = ObserveAsync(new LogKeeper(info.InstanceId, [_processLog, _serialLog, virtioLog], time, logger));
    }

    /// <summary>How long one answer on the control channel may take until the process counts as silent.</summary>
    public static TimeSpan Patience => AnswerDeadline;

    /// <summary>Pid and start time.</summary>
    public ProcessIdentity Identity => _process.Identity;

    /// <summary>The machine's.</summary>
    public string Directory => _info.Directory;

    /// <summary>For messages.</summary>
    public string InstanceId => _info.InstanceId;

    /// <summary>Completes when it has ended and everything held for it has been given back; never faults.</summary>
    public Task<VmExit> Exited { get; }

    /// <summary>Whether it has ended, even if not everything has been given back yet.</summary>
    public bool HasEnded => _process.Exited.IsCompleted;

    /// <summary>
    /// Asks it something within <see cref="Patience"/>. One that is merely slow counts as alive until it has been silent for 30 s,
    /// counted from the first question that it did not answer.
    /// </summary>
    /// <param name="ask">
    /// True when the machine can go on. A <see cref="TimeoutException"/> or a cancellation means silence; a
    /// <see cref="HypervisorException"/> or a <see cref="RefusedException"/> means that it cannot go on.
    /// </param>
    /// <param name="cancellationToken">The caller's.</param>
    public async Task<bool> IsAliveAsync(Func<CancellationToken, Task<bool>> ask, CancellationToken cancellationToken)
    {
        if (HasEnded)
        {
            return false;
        }
        using var clock = new CancellationTokenSource(AnswerDeadline, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
        try
        {
            bool alive = await ask(both.Token);
            EndSilence();
            return alive;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return !HasEnded && IsSilenceTolerated();
        }
        catch (Exception e) when (e is HypervisorException or RefusedException or ObjectDisposedException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>
    /// Kills it and waits until it is gone. Nothing is asked of it: what a machine leaves is thrown away, and the files of a
    /// saved template are complete before its process ends.
    /// </summary>
    /// <exception cref="HypervisorException">
    /// The process survives SIGKILL, because it waits inside the kernel for a device of the host; or what was held for it is not given back.
    /// </exception>
    public async Task StopAsync()
    {
        _process.Kill();
        try
        {
            await Exited.WaitAsync(KillDeadline, _time, CancellationToken.None);
        }
        catch (TimeoutException e)
        {
            throw new HypervisorException(
                HasEnded
                    ? $"{_info.Program} of {_info.InstanceId} has ended, but not all that was held for it is given back {KillDeadline.TotalSeconds:0} s after SIGKILL"
                    : $"{_info.Program} of {_info.InstanceId} (pid {Identity.Pid}) is still there {KillDeadline.TotalSeconds:0} s after SIGKILL; it waits inside the kernel, look at /proc/{Identity.Pid}/stack",
                e);
        }
    }

    /// <summary>Ends a machine that must not go on; the reason comes first in its last output.</summary>
    /// <exception cref="HostResourceException">The kernel refused.</exception>
    public void End(string reason)
    {
        _verdict = reason;
        _process.Kill();
    }

    /// <summary>Why we ended it, the tail of its own output, and that of the guest's serial console; empty when there is nothing.</summary>
    public string ReadLastOutput()
    {
        string process = _processLog.Tail(ProcessLines);
        string console = _serialLog.Tail(ConsoleLines);
        string[] parts = [_verdict, process, console.Length == 0 ? "" : $"serial console:\n{console}"];
        return string.Join('\n', parts.Where(part => part.Length > 0));
    }

    private async Task<VmExit> ObserveAsync(LogKeeper keeper)
    {
        await GuardAsync(() => keeper.RunAsync(_process.Exited));
        int? code = await _process.Exited;
        await GuardAsync(() => _release().AsTask());
        string output = "";
        await GuardAsync(() =>
        {
            output = ReadLastOutput();
            return Task.CompletedTask;
        });
        return new VmExit(code, output);
    }

    // Files and socket are in the hands of whoever has taken the process over: trouble with them must not hide that it has ended.
    private async Task GuardAsync(Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception e)
        {
            _logger.ObservationFailed(_info.InstanceId, Identity.Pid, e);
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
}
