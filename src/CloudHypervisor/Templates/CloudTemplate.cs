using System.Text.Json;
using LinuxHost;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace CloudHypervisor;

/// <summary>
/// A saved template. All clones are restored from the very same files, which they can only read: each sees them, and its own
/// disks and network, at the paths that the template's description names. So nothing is written or changed for a clone.
/// </summary>
internal sealed class CloudTemplate : IMachineTemplate
{
    // In the view; vm.restore wants to hear of a directory.
    private const string ViewName = "template";

    private static readonly RestoreCall Restore = new() { SourceUrl = $"file://{MachineView.Image}/{ViewName}", Resume = true };

    private readonly string _directory;
    private readonly TemplateRecord _record;
    private readonly SharedProbe<Installation> _probe;
    private readonly CloudStart _start;
    private volatile bool _disposed;

    private CloudTemplate(string directory, TemplateRecord record, SharedProbe<Installation> probe, CloudStart start)
    {
        _directory = directory;
        _record = record;
        _probe = probe;
        _start = start;
    }

    /// <summary>
    /// Opens a template, after everything has been verified that Cloud Hypervisor would not miss when it restores: that the
    /// description is that of this template, the memory has its whole length and is nobody's to write, and program and
    /// processor are those it was made with.
    /// </summary>
    /// <exception cref="HypervisorException">A file is missing, or something is not as it was.</exception>
    internal static async Task<CloudTemplate> OpenAsync(
        string directory, SharedProbe<Installation> probe, CloudStart start, CancellationToken cancellationToken)
    {
        Installation installed = await probe.GetAsync(cancellationToken);
        foreach (string name in new[] { TemplateFiles.Memory, TemplateFiles.State, TemplateFiles.Config, TemplateFiles.Record })
        {
            if (!File.Exists(Path.Combine(directory, name)))
            {
                throw new HypervisorException($"{directory} is no complete template: it has no file {name}");
            }
        }
        try
        {
            TemplateRecord record = Verify(directory, installed);
            return new CloudTemplate(directory, record, probe, start);
        }
        catch (Exception e) when (e is HypervisorException or HostResourceException or IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException($"cannot open the template {directory}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public async Task<IVirtualMachine> CloneAsync(MachineRequest request, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _record.Require(request);
        // Opened long ago, perhaps: the program may have been upgraded since, and it would restore what it cannot know.
        if (_record.Difference(await _probe.GetAsync(cancellationToken)) is { } difference)
        {
            throw new HypervisorException($"cannot start instance {request.InstanceId}: its template cannot be used any more: {difference}; the next request gets a new one");
        }
        var view = new MachineView(request.Directory);
        view.Show(Path.Combine(_directory, TemplateFiles.Config), $"{ViewName}/{TemplateFiles.Config}");
        view.Show(Path.Combine(_directory, TemplateFiles.State), $"{ViewName}/{TemplateFiles.State}");
        view.Show(Path.Combine(_directory, TemplateFiles.Memory), VmConfigBuilder.MemoryName);
        VmConfigBuilder.ShowDisks(request, view);
        return await _start.RunAsync(request, view, ResumeAsync, template: null, cancellationToken);
    }

    /// <summary>Nothing is held: clones open the files by themselves.</summary>
    public void Dispose() => _disposed = true;

    // One call: it is answered when the guest runs.
    private static Task ResumeAsync(ApiClient api, StartProgress progress, CancellationToken cancellationToken)
    {
        progress.Missing = "did not answer vm.restore";
        return api.PutAsync("vm.restore", Restore, ApiJson.Default.RestoreCall, cancellationToken);
    }

    private static TemplateRecord Verify(string directory, Installation installed)
    {
        TemplateRecord record = ReadRecord(Path.Combine(directory, TemplateFiles.Record));
        if (record.Difference(installed) is { } difference)
        {
            throw new HypervisorException(difference);
        }
        SavedConfig.Require(File.ReadAllBytes(Path.Combine(directory, TemplateFiles.Config)), record);
        string memory = Path.Combine(directory, TemplateFiles.Memory);
        long length = new FileInfo(memory).Length;
        if (length != (long)record.MemoryMb << 20)
        {
            throw new HypervisorException($"its memory has {length} bytes, not {(long)record.MemoryMb << 20}");
        }
        if (FileOwner.Of(memory) != 0 || File.GetUnixFileMode(memory) != TemplateMemory.SavedMode)
        {
            throw new HypervisorException($"{memory} can be written by others than root");
        }
        return record;
    }

    private static TemplateRecord ReadRecord(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), TemplateJson.Default.TemplateRecord)
                ?? throw new HypervisorException($"{path} is empty");
        }
        catch (JsonException e)
        {
            throw new HypervisorException($"{path} cannot be read: {e.Message}", e);
        }
    }
}
