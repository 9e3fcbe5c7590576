using System.Globalization;
using System.Text.Json;
using LinuxHost;
using Microsoft.Extensions.Logging;
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
    private const int OutputLines = 12;
    private static readonly TimeSpan DyingTime = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan KillDeadline = TimeSpan.FromSeconds(10);

    /// <summary>Launches QEMU for a machine.</summary>
    /// <exception cref="HypervisorException">It did not come up; nothing of it is left but the files in its directory.</exception>
    internal Task<QemuMachine> RunAsync(MachineLaunch launch, GuestBeginning beginning, CancellationToken cancellationToken) =>
        RunAsync(() => QemuLaunch.StartAsync(launch, program), launch.Request.InstanceId, launch.Request.Directory, beginning, cancellationToken);

    internal async Task<QemuMachine> RunAsync(
        Func<Task<StartedQemu>> launch, string instanceId, string directory, GuestBeginning beginning, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        long began = time.GetTimestamp();
        (ChildProcess child, Stream control) = await StartAsync(launch, instanceId);
        using var clock = new CancellationTokenSource(deadline, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
        QmpConnection? connection = null;
        try
        {
            connection = await QmpConnection.OpenAsync(control, instanceId, deadline, time, both.Token);
            await beginning(connection, deadline, both.Token);
            long milliseconds = (long)time.GetElapsedTime(began).TotalMilliseconds;
            logger.Started(instanceId, child.Identity.Pid, milliseconds);
            var link = new QmpLink(directory, child.Identity.Pid, instanceId, time, connection);
            return new QemuMachine(child, link, instanceId, directory, time, logger);
        }
        catch (Exception e)
        {
            string state = await DescribeAsync(child, connection is not null, began, e);
            if (connection is not null)
            {
                await connection.DisposeAsync();
            }
            await EndAsync(child);
            cancellationToken.ThrowIfCancellationRequested();
            throw new HypervisorException($"cannot start instance {instanceId}: {state}; last output: {LastOutput(directory)}", e);
        }
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

    private static async Task<StartedQemu> StartAsync(Func<Task<StartedQemu>> launch, string instanceId)
    {
        try
        {
            return await launch();
        }
        catch (Exception e) when (e is HostResourceException or IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException($"cannot start instance {instanceId}: {e.Message}", e);
        }
    }

    private async Task<string> DescribeAsync(ChildProcess child, bool isConnected, long began, Exception cause)
    {
        double seconds = time.GetElapsedTime(began).TotalSeconds;
        string process = string.Create(CultureInfo.InvariantCulture, $"{program} (pid {child.Identity.Pid})");
        // A process that is just dying closes its socket first: its exit says more than the broken connection.
        if (cause is HypervisorException)
        {
            await Task.WhenAny(child.Exited, Task.Delay(DyingTime, time));
        }
        if (child.Exited.IsCompleted)
        {
            int? code = await child.Exited;
            return string.Create(CultureInfo.InvariantCulture, $"{process} exited with code {code} after {seconds:0.0} s");
        }
        return cause is OperationCanceledException or TimeoutException
            ? string.Create(CultureInfo.InvariantCulture,
                $"{process} {(isConnected ? "answered, but its guest did not run" : "did not answer on its control socket")} within {seconds:0.0} s")
            : $"{process}: {cause.Message}";
    }

    private async Task EndAsync(ChildProcess child)
    {
        child.Kill();
        // An unkillable process (waiting for a dead disk) is left to the next recovery; there is nothing more to do to it.
        await Task.WhenAny(child.Exited, Task.Delay(KillDeadline, time));
    }

    private static string LastOutput(string directory)
    {
        string output = new GuestLog(Path.Combine(directory, MachineFiles.ProcessLog)).Tail(OutputLines);
        return output.Length == 0 ? "(none)" : output.Replace("\n", " | ", StringComparison.Ordinal);
    }
}
