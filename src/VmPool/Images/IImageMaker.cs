namespace VmPool.Images;

/// <summary>One kind of image: knows everything that goes into a generation of it, and makes its files.</summary>
internal interface IImageMaker
{
    /// <summary>Hash of all inputs, lower-case hex; the generation's name.</summary>
    string Hash { get; }

    /// <summary>Fills the existing empty directory with the files of <see cref="RootFiles"/>.</summary>
    /// <param name="files">Where they go; the manifest is the caller's.</param>
    /// <param name="scratch">Directory of this build alone, removed by the caller.</param>
    /// <param name="force">Believes nothing that an earlier build has left.</param>
    /// <param name="steps">Log and progress.</param>
    /// <param name="cancellationToken">Ends all tools and machines.</param>
    Task MakeAsync(RootFiles files, string scratch, bool force, BuildSteps steps, CancellationToken cancellationToken);

    /// <summary>What the manifest says of the generation.</summary>
    ImageManifest Describe(DateTimeOffset created, IReadOnlyDictionary<string, long> durations);
}
