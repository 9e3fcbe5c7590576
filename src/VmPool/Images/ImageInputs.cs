using VmPool.Options;

namespace VmPool.Images;

/// <summary>
/// Everything an image depends on. Two hashes: of what the root file system is made of, and of the whole, so that another
/// extra command does not download and install Debian again.
/// </summary>
internal sealed record ImageInputs
{
    /// <summary>Code name of the Debian release.</summary>
    public required string Release { get; init; }

    public required IReadOnlyList<PackageSource> Sources { get; init; }

    public required string User { get; init; }

    public required int DiskSizeGb { get; init; }

    /// <summary>Whether Docker is put in.</summary>
    public required bool Docker { get; init; }

    public required IReadOnlyList<string> Commands { get; init; }

    /// <summary>The host's own runner, put into the guest for artifacts and cache; absent when the host has none.</summary>
    public required RunnerBinary? Runner { get; init; }

    /// <summary>All packages to install.</summary>
    public IEnumerable<string> Packages => Docker ? Recipe.Packages.Concat(Recipe.DockerPackages(Release)) : Recipe.Packages;

    /// <summary>The files written when all packages are installed.</summary>
    public IEnumerable<GuestFile> FilesAfterPackages => Docker ? GuestFiles.AfterPackages(User).Concat(DockerFiles.All) : GuestFiles.AfterPackages(User);

    /// <summary>Hash of the root file system's inputs, lower-case hex.</summary>
    public string RootHash => InputsHash.Of(RootLines());

    /// <summary>Hash of all inputs, lower-case hex; the generation's name.</summary>
    public string FullHash => InputsHash.Of(RootLines().Concat([PrebuildScript.Guest(User), .. Commands.Select(command => "command " + command)]));

    /// <summary>Reads what the host contributes.</summary>
    /// <exception cref="HostRequirementException">No package mirror is known.</exception>
    public static async Task<ImageInputs> CollectAsync(GroupOptions options, string aptDirectory, CancellationToken cancellationToken) => new()
    {
        Release = options.Image.Release,
        Sources = AptSources.Find(aptDirectory, options.Image.Release, options.Image.Mirror),
        User = options.Machine.User,
        DiskSizeGb = options.Machine.DiskSizeGb,
        Docker = options.Image.Docker,
        Commands = options.Image.PrebuildCommands,
        Runner = await RunnerBinary.FindAsync(cancellationToken),
    };

    private IEnumerable<string> RootLines() =>
    [
        "recipe " + Recipe.Version,
        .. Sources.Select(source => source.ToString()),
        .. Packages,
        .. Recipe.PackageOptions,
        .. Recipe.MaskedUnits,
        .. Recipe.MaskedGenerators,
        Recipe.KernelCommandLine,
        .. GuestFiles.BeforePackages.Concat(FilesAfterPackages).Select(file => $"{file.Path} {(int)file.Mode} {file.Content}"),
        $"user {User} {LoginFiles.UserId} {LoginFiles.Groups}",
        "size " + DiskSizeGb,
        "runner " + Runner?.Version,
    ];
}
