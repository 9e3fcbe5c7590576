using LinuxHost;

namespace Qemu;

/// <summary>A process that has just been started.</summary>
/// <param name="Process">It.</param>
/// <param name="Control">Our end of its control connection; it greets once it is ready, and ends when it ends.</param>
internal sealed record StartedQemu(ChildProcess Process, Stream Control);
