namespace CloudHypervisor;

/// <summary>How this host's Cloud Hypervisor is to be used.</summary>
public sealed record CloudHypervisorSettings
{
    /// <summary>The program, a name on PATH or an absolute path.</summary>
    public string Program { get; init; } = "cloud-hypervisor";

    /// <summary>How long a machine may take from the start of its process until its guest runs. It needs 0.02 s on an idle host.</summary>
    public TimeSpan StartDeadline { get; init; } = TimeSpan.FromSeconds(30);
}
