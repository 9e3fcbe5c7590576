namespace LinuxHost;

/// <summary>
/// Names one process for as long as the host is up: a pid alone is reused, a pid with its start time is not.
/// </summary>
/// <param name="Pid">Process id.</param>
/// <param name="StartTicks">Field 22 of /proc/PID/stat: clock ticks since boot.</param>
public readonly record struct ProcessIdentity(int Pid, ulong StartTicks);
