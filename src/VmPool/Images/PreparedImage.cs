using System.Globalization;
using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Options;
using VmPool.Storage;

namespace VmPool.Images;

/// <summary>
/// An image that the operator brings. Its files are copied, so that a generation stays what it is whatever becomes of the
/// originals; everything is judged by the copies, which nobody else can change.
/// </summary>
internal sealed class PreparedImage : IImageMaker
{
    /// <summary>Raised whenever what is done with the files changes.</summary>
    private const string Version = "1";

    private static readonly TimeSpan ConvertDeadline = TimeSpan.FromHours(1);

    private readonly GroupOptions _options;
    private readonly IReadOnlyList<(PreparedFile File, string Digest)> _files;

    private PreparedImage(GroupOptions options, IReadOnlyList<(PreparedFile File, string Digest)> files)
    {
        _options = options;
        _files = files;
        Hash = InputsHash.Of(
        [
            "prepared " + Version,
            .. files.Select(file => $"{file.File.Key} {file.Digest}"),
            "cmdline " + options.Image.CommandLine,
            "user " + options.Machine.User,
            string.Create(CultureInfo.InvariantCulture, $"size {options.Machine.DiskSizeGb}"),
        ]);
    }

    public string Hash { get; }

    /// <summary>Reads the files, as far as they have changed since they were last read.</summary>
    /// <exception cref="HostRequirementException">Some cannot be used; all of them are named.</exception>
    /// <exception cref="HostResourceException">One of them cannot be read.</exception>
    /// <exception cref="ImageBuildException">One of them changed meanwhile.</exception>
    public static async Task<PreparedImage> CollectAsync(
        GroupOptions options, ImageDirectory images, bool force, ILogger logger, CancellationToken cancellationToken)
    {
        if (PreparedFiles.Faults(options) is { Count: > 0 } faults)
        {
            throw new HostRequirementException(string.Join("; ", faults));
        }
        IReadOnlyList<PreparedFile> files = PreparedFiles.Of(options.Image);
        var digests = new PreparedDigests(images.DigestsOf(options.Name), logger);
        IReadOnlyList<string> found = await Task.Run(() => digests.Of([.. files.Select(file => file.Path)], force, cancellationToken), cancellationToken);
        return new PreparedImage(options, [.. files.Zip(found)]);
    }

    public async Task MakeAsync(RootFiles files, string scratch, bool force, BuildSteps steps, CancellationToken cancellationToken)
    {
        string source = Path.Combine(scratch, "source");
        foreach ((PreparedFile file, string digest) in _files)
        {
            string target = file.IsDisk ? source : file.Target(files);
            await steps.RunAsync("copy", $"{file.Key} {file.Path}", () => CopyAsync(file, digest, target, cancellationToken), cancellationToken);
        }
        PreparedDisk disk = PreparedDisk.Read(source, _options.Machine.DiskSizeGb);
        if (disk.Format == "raw")
        {
            File.Move(source, files.Disk);
        }
        else
        {
            await steps.RunAsync("convert", "qemu-img convert", () => ConvertAsync(source, files.Disk, steps, cancellationToken), cancellationToken);
        }
        using FileStream whole = File.OpenWrite(files.Disk);
        whole.SetLength((long)_options.Machine.DiskSizeGb << 30);
    }

    public ImageManifest Describe(DateTimeOffset created, IReadOnlyDictionary<string, long> durations) => new()
    {
        Hash = Hash,
        RootHash = "",
        User = _options.Machine.User,
        KernelCommandLine = _options.Image.CommandLine,
        Created = created,
        Sources = [.. _files.Select(file => file.File.Path)],
        Commands = [],
        RunnerVersion = null,
        DiskSizeGb = _options.Machine.DiskSizeGb,
        Prepared = true,
        WithoutInitrd = _options.Image.Initrd is null,
        Durations = durations,
    };

    private static Task CopyAsync(PreparedFile file, string digest, string target, CancellationToken cancellationToken) => Task.Run(() =>
    {
        RootFiles.Copy(file.Path, target, cancellationToken);
        if (DataDigest.Of(target, cancellationToken) != digest)
        {
            throw new ImageBuildException($"{file.Key}: {file.Path} changed while it was copied; put a new file beside it and rename it over the old one");
        }
    }, cancellationToken);

    // The format is said and not guessed; the file stands alone and is our own, so nothing else is opened.
    private static async Task ConvertAsync(string source, string target, BuildSteps steps, CancellationToken cancellationToken)
    {
        var options = new HostCommandOptions { Timeout = ConvertDeadline, Line = line => steps.Doing($"qemu-img convert {line.Trim()}") };
        await HostProgram.RunAsync("qemu-img", "qemu-utils", ["convert", "-p", "-f", "qcow2", "-O", "raw", source, target], options, cancellationToken);
        File.Delete(source);
    }
}
