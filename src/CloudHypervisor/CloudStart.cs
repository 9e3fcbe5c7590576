using LinuxHost;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace CloudHypervisor;

/// <summary>The calls that bring the guest of a fresh process to run.</summary>
/// <param name="api">Of the process.</param>
/// <param name="progress">Told which call is being waited for.</param>
/// <param name="cancellationToken">Ends at the start's deadline.</param>
internal delegate Task GuestBeginning(ApiClient api, StartProgress progress, CancellationToken cancellationToken);

/// <summary>Starts one Cloud Hypervisor process and returns when its guest runs.</summary>
internal sealed class CloudStart(string program, TimeSpan deadline, TimeProvider time, ILogger logger)
{
    private const int EventDescriptor = 4;

    // Numbers of inherited descriptors: neither socket nor pipe has to be found, waited for or removed by name.
    private static readonly string[] Arguments =
        ["--api-socket", $"fd={ProcessLaunch.ControlDescriptor}", "--event-monitor", $"fd={EventDescriptor}", "--seccomp", "true"];

    private readonly MachineStart _start = new(program, deadline, MachineFiles.ProcessLog, time);

    /// <summary>Launches Cloud Hypervisor for a machine.</summary>
    /// <param name="request">The machine.</param>
    /// <param name="view">Host files it must see.</param>
    /// <param name="beginning">Brings its guest to run.</param>
    /// <param name="template">What it is made of, if it can be saved.</param>
    /// <param name="cancellationToken">Ends the process.</param>
    /// <exception cref="HypervisorException">It did not come up; nothing of it is left but the files in its directory.</exception>
    internal async Task<CloudMachine> RunAsync(
        MachineRequest request, MachineView view, GuestBeginning beginning, TemplateMachine? template, CancellationToken cancellationToken)
    {
        view.Require(request.InstanceId);
        long began = time.GetTimestamp();
        Stream? events = null;
        try
        {
            CloudMachine machine = await _start.RunAsync(
                request.InstanceId, request.Directory,
                async () =>
                {
                    (StartedProcess started, events) = await LaunchAsync(request, view);
                    return started;
                },
                async (started, progress, ct) =>
                {
                    ApiClient api = await BeginAsync(started, request, beginning, progress, ct);
                    return new CloudMachine(started.Process, api, events, request.InstanceId, request.Directory, time, logger) { Template = template };
                },
                cancellationToken);
            long milliseconds = (long)time.GetElapsedTime(began).TotalMilliseconds;
            logger.Started(request.InstanceId, machine.Process.Pid, milliseconds);
            return machine;
        }
        catch
        {
            events?.Dispose();
            throw;
        }
    }

    /// <summary>Starts the process and nothing more.</summary>
    /// <exception cref="HostResourceException">It could not be started.</exception>
    /// <exception cref="IOException">Its pipe cannot be opened.</exception>
    internal async Task<(StartedProcess Process, Stream Events)> LaunchAsync(MachineRequest request, MachineView view)
    {
        (SafeFileHandle writer, Stream events) = EventPipe.Create(request.Directory);
        using (writer)
        {
            try
            {
                return (await Launch(request, view, writer).StartAsync(), events);
            }
            catch
            {
                await events.DisposeAsync();
                throw;
            }
        }
    }

    private static async Task<ApiClient> BeginAsync(
        StartedProcess started, MachineRequest request, GuestBeginning beginning, StartProgress progress, CancellationToken cancellationToken)
    {
        var api = new ApiClient(request.InstanceId, started.Control, ApiClient.Connector(request.Directory));
        try
        {
            await beginning(api, progress, cancellationToken);
            return api;
        }
        catch
        {
            api.Dispose();
            // Without a first call the connection is still ours.
            await started.Control.DisposeAsync();
            throw;
        }
    }

    private ProcessLaunch Launch(MachineRequest request, MachineView view, SafeFileHandle events) => new()
    {
        NetworkNamespace = request.NetworkNamespace,
        UserId = request.UserId,
        Program = program,
        Arguments = Arguments,
        View = view,
        // Memory in a file counts as a file.
        LargestFile = request.Disks.Select(disk => DiskChain.Read(disk).VirtualSize).Append(VmConfigBuilder.Bytes(request)).Max(),
        SocketName = MachineFiles.Socket,
        OutputName = MachineFiles.ProcessLog,
        Devices = [DeviceNode.Kvm, DeviceNode.Tun],
        Descriptors = new Dictionary<int, SafeFileHandle> { [EventDescriptor] = events },
    };
}
