using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Guests;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Storage;

namespace VmPool.Templates;

/// <summary>
/// The template of one group: found on disk and verified, or made by the first who asks; everybody who asks meanwhile waits
/// for the same one. After a failure instances boot, and it is tried again in the background when its back-off is over.
/// </summary>
public sealed class TemplateStore : ITemplateStore, IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(30);

    // GitLab Runner kills a plugin about 2 s after it has asked it to end.
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(1);

    private readonly GroupOptions _options;
    private readonly TemplatePorts _ports;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TemplateDirectory _templates;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();
    private readonly List<IMachineTemplate> _opened = [];
    private Attempt? _attempt;
    private TemplateFailure? _failure;
    private string _saidOff = "";
    private volatile TemplateStatus _status = new("absent", "", "not asked for yet");

    /// <summary>Creates the store; nothing is read or made before somebody asks.</summary>
    public TemplateStore(
        GroupOptions options, IHypervisor hypervisor, ISlotPool slots, InstanceDisks disks, IGuestProbe probe, IGuestAgent agent, IGuestLogin login,
        TimeProvider time, ILogger<TemplateStore> logger)
    {
        _options = options;
        _ports = new TemplatePorts(hypervisor, slots, disks, probe, agent, login);
        _time = time;
        _logger = logger;
        _templates = new TemplateDirectory(options.TemplatesDirectory, logger);
    }

    /// <summary>Leaves word of <see cref="Status"/> in the group's state directory, for `status`, as long as this store lives. For the group's plugin alone.</summary>
    public bool KeepsNote { get; set; }

    /// <summary>How long a guest rests before it is frozen; shorter in tests, whose guests do nothing.</summary>
    internal TimeSpan Rest { get; init; } = TimeSpan.FromSeconds(3);

    /// <inheritdoc />
    public TemplateStatus Status => _status;

    /// <summary>Removes what killed builds have left and templates that no group names; living builds keep theirs.</summary>
    /// <returns>False when something could not be removed; the log says what and why.</returns>
    public static Task<bool> CollectAsync(string templatesDirectory, ILogger logger, CancellationToken cancellationToken) =>
        new TemplateDirectory(templatesDirectory, logger).CollectAsync(cancellationToken);

    /// <inheritdoc />
    public async Task<Template?> CurrentAsync(ImageGeneration image, CancellationToken cancellationToken)
    {
        HypervisorCapabilities capabilities = await _ports.Hypervisor.ProbeAsync(cancellationToken);
        if (WhyOff(capabilities) is { } reason)
        {
            SayOff(reason);
            return null;
        }
        int mtu = await _ports.Slots.MtuAsync(cancellationToken);
        string key = TemplateKey.Of(_options, image, capabilities.TemplateKey!, await _ports.Disks.FormatAsync(cancellationToken), mtu);
        return await Ask(new TemplateWish(key, image, capabilities.TemplateKey!, mtu)).WaitAsync(cancellationToken);
    }

    /// <summary>Cancels what is being made and waits up to a second for its end. What it leaves is found by the next one or by <c>gc</c>.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        Task? last;
        lock (_gate)
        {
            last = _attempt?.Result;
        }
        if (last is not null)
        {
            // Its failure has been logged.
            await last.WaitAsync(ClosePatience, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        lock (_gate)
        {
            _opened.ForEach(template => template.Dispose());
        }
        if (KeepsNote)
        {
            TemplateNote.Remove(_options.GroupStateDirectory);
        }
        _closing.Dispose();
    }

    private void Say(TemplateStatus status)
    {
        if (status == _status)
        {
            return;
        }
        _status = status;
        if (!KeepsNote)
        {
            return;
        }
        try
        {
            TemplateNote.Save(_options.GroupStateDirectory, status);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or HostResourceException)
        {
            _logger.NotNoted(_options.GroupStateDirectory, e.Message);
        }
    }

    private string? WhyOff(HypervisorCapabilities capabilities) =>
        _options.Hypervisor.Start != "clone" ? "start = \"boot\" is configured"
        : capabilities.TemplateKey is null ? $"{_ports.Hypervisor.Name} {capabilities.Version} cannot make clones here{(capabilities.Warning is { } why ? ": " + why : "")}"
        : null;

    private void SayOff(string reason)
    {
        Say(new TemplateStatus("off", "", reason));
        if (Interlocked.Exchange(ref _saidOff, reason) != reason && _options.Hypervisor.Start == "clone")
        {
            _logger.Off(reason);
        }
    }

    /// <summary>The template, or null at once while a failed one waits for its next try or is being tried again.</summary>
    private Task<Template?> Ask(TemplateWish wish)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
            if (_attempt is { } attempt && attempt.Key == wish.Key && (!attempt.Result.IsCompleted || IsUsable(attempt.Result)))
            {
                return attempt.InBackground && !attempt.Result.IsCompleted ? Task.FromResult<Template?>(null) : attempt.Result;
            }
            bool again = _failure?.Key == wish.Key;
            if (again && _failure!.BackOff.Left > TimeSpan.Zero)
            {
                return Task.FromResult<Template?>(null);
            }
            _attempt = new Attempt(wish.Key, again, Task.Run(() => TryFindOrMakeAsync(wish, _closing.Token)));
            return again ? Task.FromResult<Template?>(null) : _attempt.Result;
        }
    }

    private static bool IsUsable(Task<Template?> result) => result is { IsCompletedSuccessfully: true, Result: { } template } && File.Exists(template.Disk.Path);

    private async Task<Template?> TryFindOrMakeAsync(TemplateWish wish, CancellationToken cancellationToken)
    {
        try
        {
            long began = _time.GetTimestamp();
            Template template = await FindOrMakeAsync(wish, cancellationToken);
            _failure = null;
            Say(new TemplateStatus("ready", wish.Key, _templates.FilesOf(wish.Key).Directory));
            long elapsed = (long)_time.GetElapsedTime(began).TotalMilliseconds;
            _logger.Ready(wish.Key, elapsed);
            await _templates.CollectAsync(cancellationToken);
            return template;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            TemplateFailure failure = _failure?.Key == wish.Key ? _failure : new TemplateFailure(wish.Key, new BackOff(FirstPause, LongestPause, _time));
            failure.BackOff.Fail();
            _failure = failure;
            Say(new TemplateStatus("failed", wish.Key, e.Message));
            _logger.Failed(failure.BackOff.Pause.TotalSeconds, e.Message);
            return null;
        }
    }

    private async Task<Template> FindOrMakeAsync(TemplateWish wish, CancellationToken cancellationToken)
    {
        TemplatePaths files = _templates.FilesOf(wish.Key);
        LoopFileSystem.RequireMounted(_options);
        _templates.Ensure();
        // Named before it is looked for: another group's collection must never find it without a user.
        _templates.Use(_options.Name, wish.Key);
        Say(new TemplateStatus("building", wish.Key, "checking"));
        using FileLock alone = await FileLock.WaitAsync(_templates.LockOf(wish.Key), pid => _logger.Waiting(wish.Key, pid), _time, cancellationToken);
        if (TemplateManifest.TryRead(files) is { } manifest)
        {
            (Template? found, string fault) = await TryOpenAsync(wish, files, manifest, cancellationToken);
            if (found is not null)
            {
                return found;
            }
            _logger.Rejected(wish.Key, fault);
        }
        await _templates.RemoveAsync(wish.Key, cancellationToken);
        var build = new TemplateBuild(_options, wish, files, _ports, _time, _logger) { Rest = Rest };
        await build.RunAsync(step => Say(new TemplateStatus("building", wish.Key, step)), cancellationToken);
        return await OpenAsync(wish, files, TemplateManifest.TryRead(files)!, cancellationToken);
    }

    // What the hypervisor refuses it would refuse for ever: the same key always leads to the same directory.
    private async Task<(Template? Found, string Fault)> TryOpenAsync(
        TemplateWish wish, TemplatePaths files, TemplateManifest manifest, CancellationToken cancellationToken)
    {
        string fault = await Task.Run(() => TemplateCheck.Fault(files, manifest, cancellationToken), cancellationToken);
        if (fault.Length > 0)
        {
            return (null, fault);
        }
        try
        {
            return (await OpenAsync(wish, files, manifest, cancellationToken), "");
        }
        catch (HypervisorException e)
        {
            return (null, e.Message);
        }
    }

    private async Task<Template> OpenAsync(TemplateWish wish, TemplatePaths files, TemplateManifest manifest, CancellationToken cancellationToken)
    {
        IMachineTemplate machine = await _ports.Hypervisor.OpenTemplateAsync(files.Vmm, cancellationToken);
        lock (_gate)
        {
            // Kept until the end, also when another one takes its place: a start may still be using it.
            _opened.Add(machine);
        }
        // Only now is it certain which one has opened it.
        await _ports.RequireHypervisorAsync(wish, cancellationToken);
        VmDisk? seed = manifest.Seed is { } name ? new VmDisk(Path.Combine(files.Directory, name), "raw", ReadOnly: true) : null;
        var disk = new VmDisk(Path.Combine(files.Directory, manifest.Disk), manifest.DiskFormat, ReadOnly: true);
        return new Template(wish.Key, wish.Image, disk, seed, machine);
    }

    private sealed record Attempt(string Key, bool InBackground, Task<Template?> Result);
}

/// <summary>A template that could not be made: not tried again before its time as long as the same one is wanted.</summary>
internal sealed record TemplateFailure(string Key, BackOff BackOff);
