namespace Qemu;

/// <summary>How this host's QEMU is to be used.</summary>
public sealed record QemuSettings
{
    /// <summary>The program, a name on PATH or an absolute path.</summary>
    public string Program { get; init; } = "qemu-system-x86_64";

    /// <summary>auto, kvm or tcg. With kvm an unusable KVM is an error; with auto it is a warning and tcg is used.</summary>
    public string Accelerator { get; init; } = "auto";

    /// <summary>
    /// File that remembers the outcome of the KVM test until the next boot of the host or another QEMU version, so that
    /// neither a restart nor the command line waits for it again. Absent: tested once per process.
    /// </summary>
    public string? ProbeCachePath { get; init; }

    /// <summary>How long the KVM test guest may take. It needs a tenth of a second where KVM works.</summary>
    public TimeSpan ProbeDeadline { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How long a started QEMU may take until its control socket answers. It needs 0.05 s on an idle host.</summary>
    public TimeSpan StartDeadline { get; init; } = TimeSpan.FromSeconds(30);
}
