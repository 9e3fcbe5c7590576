using System.Text.Json;
using Microsoft.Extensions.Logging;
using VmmProcess;
using VmPool;

namespace Qemu;

/// <summary>What is still to be done once the control socket answers, until the guest runs.</summary>
/// <param name="connection">Open.</param>
/// <param name="deadline">For each single command; the start's own ends them all.</param>
/// <param name="cancellationToken">Ends at the start's deadline.</param>
internal delegate Task GuestBeginning(QmpConnection connection, TimeSpan deadline, CancellationToken cancellationToken);

/// <summary>Starts one QEMU process and returns when its control socket says that the guest runs.</summary>
internal sealed class QemuStart(string program, TimeSpan deadline, TimeProvider time, ILogger logger)
{
    private readonly MachineStart _start = new(program, deadline, MachineFiles.ProcessLog, time);

    /// <summary>Launches QEMU for a machine.</summary>
    /// <exception cref="HypervisorException">It did not come up; nothing of it is left but the files in its directory.</exception>
    internal Task<QemuMachine> RunAsync(MachineLaunch launch, GuestBeginning beginning, CancellationToken cancellationToken) =>
        RunAsync(() => launch.StartAsync(program), launch.Request.InstanceId, launch.Request.Directory, beginning, cancellationToken);

    internal async Task<QemuMachine> RunAsync(
        Func<Task<StartedProcess>> launch, string instanceId, string directory, GuestBeginning beginning, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        QemuMachine machine = await _start.RunAsync(
            instanceId, directory, launch, (started, progress, ct) => BeginAsync(started, progress, instanceId, directory, beginning, ct), cancellationToken);
        long milliseconds = (long)time.GetElapsedTime(began).TotalMilliseconds;
        logger.Started(instanceId, machine.Process.Pid, milliseconds);
        return machine;
    }

    /// <summary>The beginning of a machine that boots: it runs by itself.</summary>
    /// <exception cref="HypervisorException">It does not.</exception>
    internal static async Task RequireRunningAsync(QmpConnection connection, TimeSpan deadline, CancellationToken cancellationToken)
    {
        JsonElement answer = await connection.ExecuteAsync("query-status", null, deadline, cancellationToken);
        string? status = QmpStatus.Read(answer);
        if (status != "running")
        {
            throw new HypervisorException($"the guest is not running but \"{status}\"");
        }
    }

    private async Task<QemuMachine> BeginAsync(
        StartedProcess started, StartProgress progress, string instanceId, string directory, GuestBeginning beginning, CancellationToken cancellationToken)
    {
        QmpConnection connection = await QmpConnection.OpenAsync(started.Control, instanceId, deadline, time, cancellationToken);
        progress.Missing = "answered, but its guest did not run";
        try
        {
            await beginning(connection, deadline, cancellationToken);
            var link = new QmpLink(directory, started.Process.Identity.Pid, instanceId, time, connection);
            return new QemuMachine(started.Process, link, instanceId, directory, time, logger);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
