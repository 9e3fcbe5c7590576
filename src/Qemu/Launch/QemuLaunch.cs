using System.Globalization;
using LinuxHost;

namespace Qemu;

/// <summary>
/// The command that brings QEMU into the slot's network namespace, gives it its own view of the host's files, takes every
/// privilege away and becomes QEMU: each step executes the next, so the pid that was spawned is QEMU's.
/// </summary>
internal static class QemuLaunch
{
    /// <summary>
    /// The one piece of shell. It is constant: values arrive as positional arguments only. `ip netns exec` has already made
    /// a private mount namespace in which nothing propagates to the host, and mounted the matching /sys.
    /// - The tmpfs is mounted without nodev, so the device nodes work wherever the state directory lives; its own nodes,
    ///   not the host's, are given to the machine's user.
    /// - Core files are off: they would hold the guest's memory.
    /// - The file size limit is a last bound on console files while nobody watches them; with SIGXFSZ ignored a write
    ///   beyond it fails instead of killing the machine.
    /// </summary>
    private const string Script = """
        set -eu
        root=$1 uid=$2 machine=$3 blocks=$4 kvm=$5
        shift 5
        umask 022
        mount -t tmpfs -o mode=0755,size=256k,nosuid,noexec none "$root"
        mkdir "$root/vm" "$root/image" "$root/dev"
        mount --bind "$machine" "$root/vm"
        while [ "$1" != -- ]; do
          : >"$root/image/$2"
          mount --bind "$1" "$root/image/$2"
          shift 2
        done
        shift
        node() {
          mknod -m 0600 "$root/dev/$1" c "$2" "$3"
          chown "$uid:$uid" "$root/dev/$1"
          mount --bind "$root/dev/$1" "$4"
        }
        node tun 10 200 /dev/net/tun
        if [ "$kvm" = kvm ]; then node kvm 10 232 /dev/kvm; fi
        ulimit -c 0
        ulimit -f "$blocks"
        trap '' XFSZ
        umask 077
        cd "$root/vm"
        exec setpriv --reuid "$uid" --regid "$uid" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
        """;

    private const string Program = "ip";

    private const long FileSizeSlack = 1L << 30;
    private const int LimitBlock = 512;

    /// <summary>Starts QEMU for a machine.</summary>
    /// <exception cref="HostResourceException">It could not be started.</exception>
    internal static ChildProcess Start(MachineLaunch launch, string program)
    {
        Directory.CreateDirectory(MachineView.Root);
        return Spawn.Start(new SpawnRequest
        {
            Program = Program,
            Arguments = Arguments(launch, program),
            OutputPath = Path.Combine(launch.Request.Directory, MachineFiles.ProcessLog),
            InheritedDescriptors = launch.Descriptors,
        });
    }

    private static IReadOnlyList<string> Arguments(MachineLaunch launch, string program) =>
    [
        "netns", "exec", launch.Request.NetworkNamespace,
        "sh", "-c", Script, "sh",
        MachineView.Root,
        launch.Request.UserId.ToString(CultureInfo.InvariantCulture),
        launch.Request.Directory,
        // A qcow2 file's tables come on top of its content, far below the slack.
        ((launch.LargestFile + FileSizeSlack) / LimitBlock).ToString(CultureInfo.InvariantCulture),
        launch.Accelerator,
        .. launch.View.Files.SelectMany(file => new[] { file.Source, file.Name }),
        "--",
        program,
        .. launch.Arguments,
    ];
}
