using System.Globalization;
using LinuxHost;
using Microsoft.Win32.SafeHandles;

namespace Qemu;

/// <summary>
/// Brings QEMU into the slot's network namespace, gives it its own view of the host's files, takes every privilege away and
/// becomes QEMU. Namespace and view are made by a thread of ours that ends afterwards; what then has to happen in the new
/// process itself is two programs that execute the next, so the pid that was spawned is QEMU's.
/// </summary>
internal static class QemuLaunch
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

    private const string TapName = "tap0";
    private const string KvmDevice = "/dev/kvm";
    private const uint KvmMajor = 10;
    private const uint KvmMinor = 232;
    private const long FileSizeSlack = 1L << 30;
    private const int LimitBlock = 512;

    /// <summary>Starts QEMU for a machine.</summary>
    /// <param name="launch">The machine.</param>
    /// <param name="program">QEMU.</param>
    /// <exception cref="HostResourceException">It could not be started; nothing is left.</exception>
    internal static async Task<StartedQemu> StartAsync(MachineLaunch launch, string program)
    {
        Directory.CreateDirectory(MachineView.Root);
        return await NetworkNamespace.RunInsideAsync(launch.Request.NetworkNamespace, () => Start(launch, program));
    }

    private static StartedQemu Start(MachineLaunch launch, string program)
    {
        using SafeFileHandle tap = TapDevice.Open(TapName);
        OwnMounts.Begin();
        OwnMounts.MountSystemDevices();
        launch.View.Mount();
        if (launch.Accelerator == "kvm")
        {
            MachineView.ReplaceDevice(KvmDevice, KvmMajor, KvmMinor, launch.Request.UserId);
        }
        using ControlSocket control = ControlSocket.Open($"{MachineView.Machine}/{MachineFiles.Socket}");
        try
        {
            ChildProcess process = Spawn.Start(new SpawnRequest
            {
                Program = "sh",
                Arguments = Arguments(launch, program),
                // Large pages for QEMU's heap (madvise(2); glibc 2.35 and later, ignored by older ones): thousands of page faults
                // less, which is a tenth of its start.
                Environment = new Dictionary<string, string> { ["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1" },
                OutputPath = $"{MachineView.Machine}/{MachineFiles.ProcessLog}",
                InheritedDescriptors = new Dictionary<int, SafeFileHandle>(launch.Descriptors)
                {
                    [MachineDescriptors.Control] = control.Listener,
                    [MachineDescriptors.Tap] = tap,
                },
            });
            return new StartedQemu(process, control.Client);
        }
        catch
        {
            control.Client.Dispose();
            throw;
        }
    }

    private static IReadOnlyList<string> Arguments(MachineLaunch launch, string program) =>
    [
        "-c", Script, "sh",
        launch.Request.UserId.ToString(CultureInfo.InvariantCulture),
        // A qcow2 file's tables come on top of its content, far below the slack.
        ((launch.LargestFile + FileSizeSlack) / LimitBlock).ToString(CultureInfo.InvariantCulture),
        program,
        .. launch.Arguments,
    ];
}
