namespace VmPool.Ports;

/// <summary>Keeps the image that new instances start from, and builds it in the background when its inputs change.</summary>
public interface IImageStore
{
    /// <summary>
    /// The finished generation for the configured inputs. Starts a build when there is none and waits for it.
    /// A failed build is remembered: waiters get its reason, and the next try comes after a back-off.
    /// </summary>
    /// <exception cref="ImageBuildException">The build failed; carries the failing step's last output and the log's path.</exception>
    Task<ImageGeneration> CurrentAsync(CancellationToken cancellationToken);

    /// <summary>Where the image stands, for status and logs. Never waits.</summary>
    ImageStatus Status { get; }
}

/// <summary>A finished image: a directory named by the hash of all its inputs, never changed after it is published.</summary>
/// <param name="Hash">Hash of all inputs, lower-case hex.</param>
/// <param name="Directory">Absolute path.</param>
/// <param name="DiskPath">Root disk, raw, read-only for everybody.</param>
/// <param name="KernelPath">Kernel to boot directly.</param>
/// <param name="InitrdPath">Its initial RAM disk; absent when it needs none.</param>
/// <param name="KernelCommandLine">What the guest needs on its command line besides the console.</param>
/// <param name="User">Login user present in the image.</param>
public sealed record ImageGeneration(
    string Hash, string Directory, string DiskPath, string KernelPath, string? InitrdPath, string KernelCommandLine, string User)
{
    /// <summary>
    /// Brought by the operator: nothing is known of it but that its agent, once booted, waits for an identity. There is no
    /// cloud-init that would read a seed, and nothing of ours that could be run.
    /// </summary>
    public bool IsPrepared { get; init; }
}

/// <summary>Where an image stands.</summary>
/// <param name="State">ready, building, failed or absent.</param>
/// <param name="Hash">Of the inputs now configured; empty until known.</param>
/// <param name="Detail">Current step, or the reason of the failure.</param>
public sealed record ImageStatus(string State, string Hash, string Detail);
