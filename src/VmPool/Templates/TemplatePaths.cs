namespace VmPool.Templates;

/// <summary>
/// One template on disk. Root's alone: hypervisors of clones get single files of it, read-only.
/// <code>
/// machine/        what clones' disks are copies of (see InstanceDisks): disk.raw, or an empty disk.qcow2 over what it has written; seed.iso, if any
/// vmm/            the hypervisor's: memory and device state
/// manifest.json   its presence makes the directory a template
/// checked.json    which files were last found to have their checksums
/// login/, trial/  while it is being made
/// </code>
/// </summary>
internal sealed record TemplatePaths(string Directory)
{
    public string Machine => Path.Combine(Directory, "machine");

    public string Vmm => Path.Combine(Directory, "vmm");

    public string Manifest => Path.Combine(Directory, "manifest.json");

    public string Checked => Path.Combine(Directory, "checked.json");

    public string Login => Path.Combine(Directory, "login");

    public string Trial => Path.Combine(Directory, "trial");

    /// <summary>Every file that clones read, by its name relative to the directory, sorted.</summary>
    public IReadOnlyList<string> Content() =>
    [
        .. new[] { Machine, Vmm }
            .SelectMany(directory => System.IO.Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(Directory, path))
            .Order(StringComparer.Ordinal),
    ];
}
