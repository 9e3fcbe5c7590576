namespace VmPool.Ports;

/// <summary>Makes the writable disk of one instance over an image and, unless the image is prepared, what carries the instance's identity into a booted guest.</summary>
public interface IInstanceDisks
{
    /// <summary>Bytes free where instance disks are kept.</summary>
    long FreeBytes();

    /// <summary>
    /// Makes the instance's directory, owned by the user and closed to others, and the disks in it. When it throws, nothing
    /// but that directory is left.
    /// </summary>
    Task<IReadOnlyList<VmDisk>> CreateAsync(
        ImageGeneration image, string directory, uint userId, GuestIdentity identity, CancellationToken cancellationToken);

    /// <summary>Makes a clone's directory, owned by the user and closed to others, and its disks: those of the template, copy-on-write.</summary>
    IReadOnlyList<VmDisk> CreateClone(Template template, string directory, uint userId);
}

/// <summary>What makes one guest different from its siblings.</summary>
public sealed record GuestIdentity
{
    /// <summary>The instance's id; cloud-init acts once per id.</summary>
    public required string InstanceId { get; init; }

    /// <summary>Host name of the guest, a valid DNS label.</summary>
    public required string HostName { get; init; }

    /// <summary>Login user.</summary>
    public required string User { get; init; }

    /// <summary>Public login key, one OpenSSH line.</summary>
    public required string AuthorizedKey { get; init; }

    /// <summary>Password for static credentials; absent otherwise.</summary>
    public string? Password { get; init; }

    /// <summary>The guest's SSH host key, PKCS#8 PEM, ECDSA P-256.</summary>
    public required string HostKeyPem { get; init; }

    /// <summary>Its public half, one OpenSSH line.</summary>
    public required string HostKeyPublic { get; init; }
}
