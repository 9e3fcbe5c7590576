using System.Globalization;
using System.Text.Json;
using LinuxHost;
using Microsoft.Win32.SafeHandles;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace Qemu;

/// <summary>
/// A saved template. Its memory file is mapped privately by every clone, and no clone can write it: either QEMU opens it
/// read-only, or, before 8.2, every clone gets the same sealed copy in memory.
/// </summary>
internal sealed class QemuTemplate : IMachineTemplate
{
    private readonly string _memory;
    private readonly string _state;
    private readonly string _accelerator;
    private readonly Func<MachineRequest, CancellationToken, Task> _require;
    private readonly QemuStart _start;
    private readonly SafeFileHandle? _sealedMemory;
    private volatile bool _disposed;

    private QemuTemplate(string directory, string accelerator, Func<MachineRequest, CancellationToken, Task> require, QemuStart start, SafeFileHandle? sealedMemory)
    {
        _memory = Path.Combine(directory, TemplateFiles.Memory);
        _state = Path.Combine(directory, TemplateFiles.State);
        _accelerator = accelerator;
        _require = require;
        _start = start;
        _sealedMemory = sealedMemory;
    }

    /// <param name="directory">Where it was saved.</param>
    /// <param name="accelerator">kvm or tcg.</param>
    /// <param name="mapsReadOnlyFiles">Whether this QEMU can map memory from a file it may only read.</param>
    /// <param name="require">Asked before each clone: throws when the installed QEMU is no longer the one that opens the template.</param>
    /// <param name="start">Starts the clones.</param>
    /// <param name="cancellationToken">Gives up copying.</param>
    /// <exception cref="HypervisorException">A file is missing or cannot be read.</exception>
    internal static QemuTemplate Open(
        string directory, string accelerator, bool mapsReadOnlyFiles, Func<MachineRequest, CancellationToken, Task> require, QemuStart start, CancellationToken cancellationToken)
    {
        foreach (string name in new[] { TemplateFiles.Memory, TemplateFiles.State })
        {
            if (!File.Exists(Path.Combine(directory, name)))
            {
                throw new HypervisorException($"{directory} is no complete template: it has no file {name}");
            }
        }
        try
        {
            SafeFileHandle? copy = mapsReadOnlyFiles ? null : SealedMemory.CopyOf(Path.Combine(directory, TemplateFiles.Memory), cancellationToken);
            return new QemuTemplate(directory, accelerator, require, start, copy);
        }
        catch (HostResourceException e)
        {
            throw new HypervisorException($"cannot open the template {directory}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public async Task<IVirtualMachine> CloneAsync(MachineRequest request, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        await _require(request, cancellationToken);
        // Opened anew for each clone: descriptors of one opening share their position in the file.
        using SafeFileHandle state = OpenState(request);
        MachineLaunch launch = MachineLaunch.ForClone(request, _accelerator, Map) with
        {
            Descriptors = _sealedMemory is null
                ? new Dictionary<int, SafeFileHandle> { [MachineDescriptors.State] = state }
                : new Dictionary<int, SafeFileHandle> { [MachineDescriptors.State] = state, [MachineDescriptors.Memory] = _sealedMemory },
        };
        return await _start.RunAsync(launch, ResumeAsync, cancellationToken);
    }

    public void Dispose()
    {
        _disposed = true;
        _sealedMemory?.Dispose();
    }

    private GuestMemory Map(MachineView view) => _sealedMemory is null
        ? GuestMemory.PrivateOfReadOnlyFile(view.PathOf(_memory, TemplateFiles.Memory))
        : GuestMemory.PrivateOfSealed(MachineDescriptors.Memory);

    private SafeFileHandle OpenState(MachineRequest request)
    {
        try
        {
            return File.OpenHandle(_state, share: FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException($"cannot start instance {request.InstanceId}: cannot open the state of its template: {e.Message}", e);
        }
    }

    // A guest continued before its state is complete would run into nothing: `cont` comes after the event.
    private static async Task ResumeAsync(QmpConnection connection, TimeSpan deadline, CancellationToken cancellationToken)
    {
        string source = string.Create(CultureInfo.InvariantCulture, $"fd:{MachineDescriptors.State}");
        // Sent together: QEMU carries commands out one after the other.
        Task setting = connection.ExecuteAsync("migrate-set-capabilities", MigrationEvent.WriteCapabilities, deadline, cancellationToken);
        Task<JsonElement> loading = connection.ExecuteUntilAsync(
            "migrate-incoming", json => json.WriteString("uri", source), MigrationEvent.IsLast, deadline, cancellationToken);
        await Task.WhenAll(setting, loading);
        MigrationEvent.RequireCompleted(await loading);
        await connection.ExecuteAsync("cont", null, deadline, cancellationToken);
    }
}
