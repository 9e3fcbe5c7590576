using Microsoft.Extensions.Logging;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Storage;

namespace VmPool.Images;

/// <summary>
/// The image of one group: found on disk, or built in the background by the first who asks. One build at a time; everybody
/// who asks meanwhile waits for the same one. A failure stays until its back-off is over, the inputs change, or somebody
/// asks for a rebuild.
/// </summary>
public sealed class ImageStore : IImageStore, IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(30);

    // GitLab Runner kills a plugin about 2 s after it has asked it to end.
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(1);

    private readonly GroupOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ImageStore> _logger;
    private readonly ImageDirectory _images;
    private readonly IRootDiskBuilder _rootBuilder;
    private readonly Prebuild _prebuild;
    private readonly string _aptDirectory;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();
    private Task<ImageGeneration>? _current;
    private ImageFailure? _failure;
    private volatile ImageStatus _status = new("absent", "", "not built yet");

    /// <summary>Creates the store; nothing is read or built before somebody asks.</summary>
    public ImageStore(GroupOptions options, IHypervisor hypervisor, ISlotPool slots, TimeProvider time, ILogger<ImageStore> logger)
        : this(options, hypervisor, slots, time, logger, new DebianRootDisk(), "/etc/apt")
    {
    }

    internal ImageStore(
        GroupOptions options, IHypervisor hypervisor, ISlotPool slots, TimeProvider time, ILogger<ImageStore> logger,
        IRootDiskBuilder rootBuilder, string aptDirectory)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _images = new ImageDirectory(options.ImagesDirectory, logger);
        _rootBuilder = rootBuilder;
        _prebuild = new Prebuild(options, hypervisor, slots, time);
        _aptDirectory = aptDirectory;
    }

    /// <inheritdoc />
    public ImageStatus Status => _status;

    /// <inheritdoc />
    public Task<ImageGeneration> CurrentAsync(CancellationToken cancellationToken) => Ask(force: false).WaitAsync(cancellationToken);

    /// <summary>Builds the image anew whatever is there, at once; a build that is already running is taken for it.</summary>
    /// <exception cref="ImageBuildException">The build failed.</exception>
    public Task<ImageGeneration> RebuildAsync(CancellationToken cancellationToken) => Ask(force: true).WaitAsync(cancellationToken);

    /// <summary>All finished images of a disk directory, newest first.</summary>
    public static IReadOnlyList<StoredImage> ListIn(string imagesDirectory, ILogger logger) => new ImageDirectory(imagesDirectory, logger).List();

    /// <summary>Removes from a disk directory's images what killed builds have left and what no group and no machine uses.</summary>
    /// <returns>False when something could not be removed; the log says what and why.</returns>
    public static Task<bool> CollectAsync(string imagesDirectory, ILogger logger, CancellationToken cancellationToken) =>
        new ImageDirectory(imagesDirectory, logger).CollectAsync(cancellationToken);

    /// <summary>All finished images of the disk directory, newest first.</summary>
    public IReadOnlyList<StoredImage> List() => _images.List();

    /// <summary>Removes one image; machines that run on it keep their disks. False when there is none of this hash.</summary>
    public Task<bool> RemoveAsync(string hash, CancellationToken cancellationToken) => _images.RemoveAsync(hash, cancellationToken);

    /// <summary>
    /// Cancels a running build, which kills its tools and quits its machine, and waits up to a second for its end. What it
    /// leaves on disk is found by the next build or <c>gc</c>, its machine and network slot by the group's next opening.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        Task? last;
        lock (_gate)
        {
            last = _current;
        }
        if (last is not null)
        {
            // Its failure has been logged and given to those who waited.
            await last.WaitAsync(ClosePatience, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        _closing.Dispose();
    }

    private Task<ImageGeneration> Ask(bool force)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
            bool usable = _current is { } current
                && (!current.IsCompleted || (!force && current.IsCompletedSuccessfully && File.Exists(current.Result.DiskPath)));
            return usable ? _current! : _current = Task.Run(() => FindOrBuildAsync(force, _closing.Token));
        }
    }

    private async Task<ImageGeneration> FindOrBuildAsync(bool force, CancellationToken cancellationToken)
    {
        string hash = "";
        try
        {
            LoopFileSystem.RequireMounted(_options);
            IImageMaker maker = await ChooseMakerAsync(force, cancellationToken);
            hash = maker.Hash;
            if (!force && _failure is { } failure && failure.Hash == hash && failure.BackOff.Left > TimeSpan.Zero)
            {
                throw new ImageBuildException($"{failure.Reason} (next try at {_time.GetUtcNow() + failure.BackOff.Left:u}, at once with `image build`)", failure.Cause);
            }
            // Named before it is looked for or built: another group's collection must never find it without a user.
            _images.Use(_options.Name, hash);
            ImageGeneration? found = force ? null : _images.FindSettled(hash);
            if (found is null)
            {
                _status = new ImageStatus("building", hash, "starting");
                var build = new ImageBuild(maker, _images, _time, _logger);
                found = await build.RunAsync(force, step => _status = new ImageStatus("building", hash, step), cancellationToken);
            }
            await _images.CollectAsync(cancellationToken);
            _failure = null;
            _status = new ImageStatus("ready", hash, found.Directory);
            return found;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw Remember(hash, e);
        }
    }

    private async Task<IImageMaker> ChooseMakerAsync(bool force, CancellationToken cancellationToken)
    {
        _images.Ensure();
        if (_options.Image.Prepared)
        {
            _status = new ImageStatus("building", "", "looking at the files of the prepared image");
            return await PreparedImage.CollectAsync(_options, _images, force, _logger, cancellationToken);
        }
        ImageInputs inputs = await ImageInputs.CollectAsync(_options, _aptDirectory, cancellationToken);
        return new DebianImage(_options, inputs, _images, _rootBuilder, _prebuild, _time, _logger);
    }

    // Called by one task at a time: the next one starts only when the last has ended.
    private Exception Remember(string hash, Exception cause)
    {
        if (_failure?.Cause is { } known && ReferenceEquals(known, cause.InnerException))
        {
            return cause;
        }
        BackOff backOff = _failure is { } last && last.Hash == hash ? last.BackOff : new BackOff(FirstPause, LongestPause, _time);
        backOff.Fail();
        Exception error = cause is ImageBuildException ? cause : new ImageBuildException($"cannot build the image: {cause.Message}", cause);
        _failure = new ImageFailure(hash, error.Message, error, backOff);
        _status = new ImageStatus("failed", hash, error.Message);
        _logger.Failed(backOff.Pause.TotalSeconds, error.Message);
        return error;
    }
}

/// <summary>A failed build: not tried again before its time as long as the inputs are the same.</summary>
internal sealed record ImageFailure(string Hash, string Reason, Exception Cause, BackOff BackOff);
