using System.Text.Json;
using LinuxHost;
using Microsoft.Extensions.Logging;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace Qemu;

/// <summary>One running QEMU process, started or adopted by us.</summary>
internal sealed class QemuMachine : IVirtualMachine
{
    private readonly MachineProcess _process;
    private readonly QmpLink _link;

    internal QemuMachine(ChildProcess process, QmpLink link, string instanceId, string directory, TimeProvider time, ILogger logger)
    {
        _link = link;
        var info = new MachineProcessInfo(instanceId, "qemu", directory, MachineFiles.ProcessLog, KeepsAppending: true);
        _process = new MachineProcess(process, info, link.DisposeAsync, time, logger);
    }

    /// <inheritdoc/>
    public ProcessIdentity Process => _process.Identity;

    /// <inheritdoc/>
    public Task<VmExit> Exited => _process.Exited;

    internal MachineProcess Watched => _process;

    internal string Directory => _process.Directory;

    /// <summary>
    /// Also false when the guest cannot go on by itself: QEMU has stopped it after an internal error, an error of its disk
    /// (the host's file system is full) or a panic.
    /// </summary>
    public Task<bool> IsAliveAsync(CancellationToken cancellationToken) => _process.IsAliveAsync(CanGoOnAsync, cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => _process.StopAsync();

    /// <inheritdoc/>
    public string ReadLastOutput() => _process.ReadLastOutput();

    /// <summary>Its control connection.</summary>
    /// <exception cref="HypervisorException">There is none to be had.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    internal Task<QmpConnection> ConnectAsync(CancellationToken cancellationToken) => _link.GetAsync(MachineProcess.Patience, cancellationToken);

    private async Task<bool> CanGoOnAsync(CancellationToken cancellationToken)
    {
        QmpConnection connection = await ConnectAsync(cancellationToken);
        JsonElement answer = await connection.ExecuteAsync("query-status", null, MachineProcess.Patience, cancellationToken);
        return QmpStatus.Read(answer) is not (null or "internal-error" or "io-error" or "guest-panicked" or "shutdown");
    }
}
