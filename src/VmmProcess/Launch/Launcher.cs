using System.Globalization;
using LinuxHost;
using Microsoft.Win32.SafeHandles;

namespace VmmProcess;

/// <summary>
/// Brings a hypervisor into the slot's network namespace, gives it its own view of the host's files, takes every privilege away
/// and becomes it. Namespace and view are made by a thread of ours that ends afterwards; what then has to happen in the new
/// process itself is two programs that execute the next, so the pid that was spawned is the hypervisor's.
/// </summary>
internal static class Launcher
{
    /// <summary>
    /// The one piece of shell. It is constant: values arrive as positional arguments only.
    /// - Core files are off: they would hold the guest's memory.
    /// - The file size limit is a last bound on console files while nobody watches them; with SIGXFSZ ignored a write
    ///   beyond it fails instead of killing the machine.
    /// </summary>
    private const string Script = """
        set -eu
        uid=$1 blocks=$2
        shift 2
        ulimit -c 0
        ulimit -f "$blocks"
        trap '' XFSZ
        umask 077
        exec setpriv --reuid "$uid" --regid "$uid" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
        """;

    private const long FileSizeSlack = 1L << 30;
    private const int LimitBlock = 512;

    internal static async Task<StartedProcess> StartAsync(ProcessLaunch launch)
    {
        Directory.CreateDirectory(MachineView.Root);
        return await NetworkNamespace.RunInsideAsync(launch.NetworkNamespace, () => Start(launch));
    }

    private static StartedProcess Start(ProcessLaunch launch)
    {
        using SafeFileHandle? tap = launch.TapDescriptor is null ? null : TapDevice.Open(MachineView.TapName);
        OwnMounts.Begin();
        OwnMounts.MountSystemDevices();
        launch.View.Mount();
        foreach (DeviceNode device in launch.Devices.Where(device => File.Exists(device.Path)))
        {
            MachineView.ReplaceDevice(device, launch.UserId);
        }
        using ControlSocket control = ControlSocket.Open($"{MachineView.Machine}/{launch.SocketName}");
        try
        {
            ChildProcess process = Spawn.Start(new SpawnRequest
            {
                Program = "sh",
                Arguments = Arguments(launch),
                Environment = launch.Environment,
                OutputPath = $"{MachineView.Machine}/{launch.OutputName}",
                InheritedDescriptors = Descriptors(launch, control.Listener, tap),
            });
            return new StartedProcess(process, control.Client);
        }
        catch
        {
            control.Client.Dispose();
            throw;
        }
    }

    private static Dictionary<int, SafeFileHandle> Descriptors(ProcessLaunch launch, SafeFileHandle listener, SafeFileHandle? tap)
    {
        var descriptors = new Dictionary<int, SafeFileHandle>(launch.Descriptors) { [ProcessLaunch.ControlDescriptor] = listener };
        if (launch.TapDescriptor is { } number)
        {
            descriptors[number] = tap!;
        }
        return descriptors;
    }

    private static IReadOnlyList<string> Arguments(ProcessLaunch launch) =>
    [
        "-c", Script, "sh",
        launch.UserId.ToString(CultureInfo.InvariantCulture),
        // A qcow2 file's tables come on top of its content, far below the slack.
        ((launch.LargestFile + FileSizeSlack) / LimitBlock).ToString(CultureInfo.InvariantCulture),
        launch.Program,
        .. launch.Arguments,
    ];
}
