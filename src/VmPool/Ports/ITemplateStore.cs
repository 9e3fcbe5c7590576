namespace VmPool.Ports;

/// <summary>Keeps the template that clones start from, and makes it in the background when what it depends on changes.</summary>
public interface ITemplateStore
{
    /// <summary>
    /// The template of this image, ready for clones: proven by a trial clone when it was made, and verified since. Makes one
    /// when there is none and waits for it. Absent when instances are to boot instead, because the configuration says so or
    /// because no template can be made; <see cref="Status"/> says why.
    /// </summary>
    Task<Template?> CurrentAsync(ImageGeneration image, CancellationToken cancellationToken);

    /// <summary>Where the template stands, for status and logs. Never waits.</summary>
    TemplateStatus Status { get; }
}

/// <summary>A template that clones can start from.</summary>
/// <param name="Key">Hash of everything it depends on, lower-case hex.</param>
/// <param name="Image">The image it was booted from.</param>
/// <param name="Disk">What a clone's disk is a copy of: an empty one over what the template has written, or the template's own where copies share their blocks.</param>
/// <param name="Seed">The template's seed, read-only; a clone has the same devices, so it has this one too. Absent where the image reads none.</param>
/// <param name="Machine">Starts the clones.</param>
public sealed record Template(string Key, ImageGeneration Image, VmDisk Disk, VmDisk? Seed, IMachineTemplate Machine);

/// <summary>Where a template stands.</summary>
/// <param name="State">ready, building, failed, absent or off (instances boot).</param>
/// <param name="Key">Of the template now wanted; empty until known.</param>
/// <param name="Detail">Current step, or the reason why instances boot.</param>
public sealed record TemplateStatus(string State, string Key, string Detail);
