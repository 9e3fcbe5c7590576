using LinuxHost;
using Microsoft.Extensions.Logging;
using VmmProcess;
using VmPool.Ports;

namespace CloudHypervisor;

/// <summary>One running Cloud Hypervisor process, started or adopted by us.</summary>
internal sealed class CloudMachine : IVirtualMachine
{
    private readonly MachineProcess _process;
    private readonly Stream? _events;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _watching;

    /// <param name="process">The process.</param>
    /// <param name="api">Its API; owned from here on.</param>
    /// <param name="events">Its events; owned from here on. Absent when they cannot be had.</param>
    /// <param name="instanceId">For messages.</param>
    /// <param name="directory">The machine's.</param>
    /// <param name="time">For deadlines.</param>
    /// <param name="logger">Takes what happens to it.</param>
    internal CloudMachine(
        ChildProcess process, ApiClient api, Stream? events, string instanceId, string directory, TimeProvider time, ILogger logger)
    {
        Api = api;
        _events = events;
        _logger = logger;
        var released = new CancellationTokenSource();
        _watching = events is null ? Task.CompletedTask : WatchAsync(new EventReader(events), released.Token);
        var info = new MachineProcessInfo(instanceId, "cloud-hypervisor", directory, MachineFiles.ProcessLog, KeepsAppending: false);
        _process = new MachineProcess(process, info, () => ReleaseAsync(released), time, logger);
        _complete.SetResult();
    }

    /// <inheritdoc/>
    public ProcessIdentity Process => _process.Identity;

    /// <inheritdoc/>
    public Task<VmExit> Exited => _process.Exited;

    internal ApiClient Api { get; }

    internal MachineProcess Watched => _process;

    /// <summary>What a machine that can be saved was made of.</summary>
    internal TemplateMachine? Template { get; init; }

    /// <summary>Also false when the guest does not run: somebody has paused it, or it has been shut down.</summary>
    public Task<bool> IsAliveAsync(CancellationToken cancellationToken) => _process.IsAliveAsync(CanGoOnAsync, cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => _process.StopAsync();

    /// <inheritdoc/>
    public string ReadLastOutput() => _process.ReadLastOutput();

    private async Task<bool> CanGoOnAsync(CancellationToken cancellationToken) =>
        (await Api.GetAsync("vm.info", ApiJson.Default.MachineInfo, cancellationToken)).State == "Running";

    private async Task WatchAsync(EventReader events, CancellationToken cancellationToken)
    {
        await _complete.Task;
        try
        {
            while (await events.ReadAsync(cancellationToken) is { } happened)
            {
                _logger.Happened(_process.InstanceId, happened.Source, happened.Name);
                if (happened.IsRestart)
                {
                    _logger.Restarted(_process.InstanceId, Process.Pid);
                    _process.End("the guest has restarted, which ends its machine");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The process has ended, and nothing more is to come.
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or HostResourceException)
        {
            _logger.NoEvents(_process.InstanceId, Process.Pid, e.Message);
        }
    }

    private async ValueTask ReleaseAsync(CancellationTokenSource released)
    {
        Api.Dispose();
        await released.CancelAsync();
        try
        {
            await _watching;
        }
        finally
        {
            released.Dispose();
            if (_events is not null)
            {
                await _events.DisposeAsync();
            }
        }
    }
}
