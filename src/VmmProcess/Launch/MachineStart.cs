using System.Globalization;
using LinuxHost;
using VmPool;

namespace VmmProcess;

/// <summary>How far a start has come, for its error message.</summary>
public sealed class StartProgress
{
    /// <summary>What the process has not done when the deadline strikes, as it is said of it.</summary>
    public string Missing { get; set; } = "did not answer on its control socket";
}

/// <summary>What a driver does with a process that has just been started, until its guest runs.</summary>
/// <typeparam name="T">The running machine.</typeparam>
/// <param name="started">The process. The driver owns its control connection from here on, also when it throws.</param>
/// <param name="progress">Told what is being waited for.</param>
/// <param name="cancellationToken">Ends at the start's deadline.</param>
public delegate Task<T> MachineBeginning<T>(StartedProcess started, StartProgress progress, CancellationToken cancellationToken);

/// <summary>
/// Starts one hypervisor process under one deadline. What does not come up is ended, and the error says how far it came, how
/// it ended and what it said last.
/// </summary>
/// <param name="program">Name of the hypervisor, for messages.</param>
/// <param name="deadline">For the whole start.</param>
/// <param name="outputName">Name of its output file in the machine's directory.</param>
/// <param name="time">For deadlines.</param>
public sealed class MachineStart(string program, TimeSpan deadline, string outputName, TimeProvider time)
{
    private const int OutputLines = 12;
    private static readonly TimeSpan DyingTime = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan KillDeadline = TimeSpan.FromSeconds(10);

    /// <summary>Runs a start to its end.</summary>
    /// <param name="instanceId">For messages.</param>
    /// <param name="directory">The machine's.</param>
    /// <param name="launch">Starts the process.</param>
    /// <param name="beginning">Brings its guest to run.</param>
    /// <param name="cancellationToken">Ends the process.</param>
    /// <exception cref="HypervisorException">It did not come up; nothing of it is left but the files in its directory.</exception>
    public async Task<T> RunAsync<T>(
        string instanceId, string directory, Func<Task<StartedProcess>> launch, MachineBeginning<T> beginning, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        long began = time.GetTimestamp();
        StartedProcess started = await LaunchAsync(launch, instanceId);
        using var clock = new CancellationTokenSource(deadline, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
        var progress = new StartProgress();
        try
        {
            return await beginning(started, progress, both.Token);
        }
        catch (Exception e)
        {
            string state = await DescribeAsync(started.Process, progress, began, e);
            await EndAsync(started.Process);
            cancellationToken.ThrowIfCancellationRequested();
            throw new HypervisorException($"cannot start instance {instanceId}: {state}; last output: {LastOutput(directory)}", e);
        }
    }

    private static async Task<StartedProcess> LaunchAsync(Func<Task<StartedProcess>> launch, string instanceId)
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

    private async Task<string> DescribeAsync(ChildProcess child, StartProgress progress, long began, Exception cause)
    {
        double seconds = time.GetElapsedTime(began).TotalSeconds;
        string process = string.Create(CultureInfo.InvariantCulture, $"{program} (pid {child.Identity.Pid})");
        bool isLate = cause is OperationCanceledException or TimeoutException;
        // A process that is just dying closes its socket first: its exit says more than the broken connection.
        if (!isLate)
        {
            await Task.WhenAny(child.Exited, Task.Delay(DyingTime, time));
        }
        if (child.Exited.IsCompleted)
        {
            int? code = await child.Exited;
            string how = string.Create(CultureInfo.InvariantCulture, $"{process} exited with code {code} after {seconds:0.0} s");
            // What it answered before it ended is the better half of the story.
            return cause is RefusedException ? $"{how}: {cause.Message}" : how;
        }
        return isLate
            ? string.Create(CultureInfo.InvariantCulture,
                $"{process} {progress.Missing} within {seconds:0.0} s")
            : $"{process}: {cause.Message}";
    }

    private async Task EndAsync(ChildProcess child)
    {
        child.Kill();
        // An unkillable process (waiting for a dead disk) is left to the next recovery; there is nothing more to do to it.
        await Task.WhenAny(child.Exited, Task.Delay(KillDeadline, time));
    }

    private string LastOutput(string directory)
    {
        string output = new GuestLog(Path.Combine(directory, outputName)).Tail(OutputLines);
        return output.Length == 0 ? "(none)" : output.Replace("\n", " | ", StringComparison.Ordinal);
    }
}
