using VmPool.Ports;

namespace VmPool.Templates;

/// <summary>
/// One template on disk. Root's alone: hypervisors of clones get single files of it, read-only.
/// <code>
/// machine/        the template's own disks (see InstanceDisks): disk.raw, or disk.qcow2 over base.raw; seed.iso, if any
/// vmm/            the hypervisor's: memory and device state
/// overlay.qcow2   empty, over machine/disk.qcow2; a copy of it is a clone's disk. With machine/disk.raw there is none
/// manifest.json   its presence makes the directory a template
/// checked.json    which files were last found to have their checksums
/// login/, trial/  while it is being made
/// </code>
/// </summary>
internal sealed record TemplatePaths(string Directory)
{
    public string Machine => Path.Combine(Directory, "machine");

    public string Vmm => Path.Combine(Directory, "vmm");

    public string Overlay => Path.Combine(Directory, "overlay.qcow2");

    public string Manifest => Path.Combine(Directory, "manifest.json");

    public string Checked => Path.Combine(Directory, "checked.json");

    public string Login => Path.Combine(Directory, "login");

    public string Trial => Path.Combine(Directory, "trial");

    /// <summary>What a clone's disk is a copy of: the empty overlay, or the template's disk itself where copies share their blocks.</summary>
    /// <param name="disk">The template's.</param>
    public VmDisk SourceOf(VmDisk disk) => disk.Format == "qcow2" ? new VmDisk(Overlay, "qcow2", ReadOnly: true) : disk with { ReadOnly = true };

    /// <summary>Every file that clones read, by its name relative to the directory, sorted.</summary>
    public IReadOnlyList<string> Content() =>
    [
        .. new[] { Machine, Vmm }
            .SelectMany(directory => System.IO.Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
            .Concat(File.Exists(Overlay) ? [Overlay] : [])
            .Select(path => Path.GetRelativePath(Directory, path))
            .Order(StringComparer.Ordinal),
    ];
}
