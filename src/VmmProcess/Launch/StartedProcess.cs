using LinuxHost;

namespace VmmProcess;

/// <summary>A hypervisor process that has just been started.</summary>
/// <param name="Process">It.</param>
/// <param name="Control">Our end of its first control connection: open before the process serves it, and it ends when the process does.</param>
public sealed record StartedProcess(ChildProcess Process, Stream Control);
