namespace LinuxHost;

/// <summary>The one launcher of long-lived children: own session, clean environment, exit seen by pidfd.</summary>
public static class Spawn
{
    /// <summary>Starts the program; it outlives this process.</summary>
    /// <exception cref="HostResourceException">It could not be started; names program and errno.</exception>
    public static ChildProcess Start(SpawnRequest request) => throw new HostResourceException($"cannot start {request.Program}: not built yet");
}

/// <summary>A child started by <see cref="Spawn"/>.</summary>
public sealed class ChildProcess
{
    internal ChildProcess(ProcessIdentity identity, Task<int?> exited)
    {
        Identity = identity;
        Exited = exited;
    }

    /// <summary>Pid and start time.</summary>
    public ProcessIdentity Identity { get; }

    /// <summary>Completes with the exit code (128 + signal when killed; absent for a process that is not our child). Never faults.</summary>
    public Task<int?> Exited { get; }

    /// <summary>SIGKILL. Does nothing when the process has ended; never hits a process that reused the pid.</summary>
    public void Kill() => throw new HostResourceException($"cannot kill {Identity.Pid}: not built yet");

    /// <summary>Watches a process that somebody else started; absent when no such process lives.</summary>
    public static ChildProcess? Watch(ProcessIdentity identity) => null;
}
