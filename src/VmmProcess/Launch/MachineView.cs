using System.Globalization;
using LinuxHost;
using VmPool;

namespace VmmProcess;

/// <summary>
/// What one hypervisor process sees of the host's files. Inside its private mount namespace every machine has its directory and
/// the files it may read at the same paths, so that all machines of one image have the very same command line, and so
/// that an unprivileged process needs no way through the private directories above them.
/// <code>
/// /run/fleeting-plugin-vmpool-vm   a private tmpfs; on the host only the empty mount point
///   vm/     the machine's own directory
///   image/  kernel, initrd, and the read-only files its disks build on, one bind mount each
///   dev/    own copies of device nodes
/// </code>
/// </summary>
public sealed class MachineView(string machineDirectory)
{
    /// <summary>Exists, empty, on the host too: it is only a place to mount on.</summary>
    public const string Root = "/run/fleeting-plugin-vmpool-vm";

    /// <summary>The machine's own directory.</summary>
    public const string Machine = $"{Root}/vm";

    /// <summary>The slot's TAP device, in its network namespace.</summary>
    public const string TapName = "tap0";

    /// <summary>What the machine may read and everybody of its image has.</summary>
    public const string Image = $"{Root}/image";

    private const string Devices = $"{Root}/dev";

    private readonly string _directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(machineDirectory));
    private readonly List<(string Source, string Name)> _files = [];

    /// <summary>Host files to be mounted under <c>image/</c>, each with its name there.</summary>
    public IReadOnlyList<(string Source, string Name)> Files => _files;

    /// <summary>Where the process finds a host file that is called <paramref name="name"/> when it lies outside the machine's directory.</summary>
    public string PathOf(string hostPath, string name)
    {
        string path = Path.GetFullPath(hostPath);
        if (path.StartsWith(_directory + '/', StringComparison.Ordinal))
        {
            return Machine + path[_directory.Length..];
        }
        return Show(path, name);
    }

    /// <summary>
    /// Shows a host file under a fixed name, wherever it lies: for a program whose saved machines name their files, so that
    /// template and clones must find them at the same paths.
    /// </summary>
    /// <param name="hostPath">The file.</param>
    /// <param name="name">May begin with a directory.</param>
    /// <returns>Where the process finds it.</returns>
    public string Show(string hostPath, string name)
    {
        _files.Add((Path.GetFullPath(hostPath), name));
        return $"{Image}/{name}";
    }

    /// <summary>Looks whether everything that is to be shown is there.</summary>
    /// <param name="instanceId">For the message.</param>
    /// <exception cref="HypervisorException">A file is missing; names it.</exception>
    public void Require(string instanceId)
    {
        foreach ((string source, string name) in _files)
        {
            if (!File.Exists(source))
            {
                throw new HypervisorException($"cannot start instance {instanceId}: its {name} {source} does not exist");
            }
        }
    }

    /// <summary>Name under <c>image/</c> of one layer of one disk: stable for all machines of one image.</summary>
    public static string LayerName(int disk, int layer) => string.Create(CultureInfo.InvariantCulture, $"disk{disk}-{layer}");

    /// <summary>
    /// Makes the view in the calling thread's mounts. The file system is mounted without "nodev", so that device nodes work
    /// wherever the state directory lives.
    /// </summary>
    /// <exception cref="HostResourceException">A file cannot be shown; names it.</exception>
    public void Mount()
    {
        OwnMounts.MountMemory(Root, "mode=0755,size=256k");
        foreach (string directory in new[] { Machine, Image, Devices })
        {
            Directory.CreateDirectory(directory);
        }
        OwnMounts.Bind(_directory, Machine);
        foreach ((string source, string name) in _files)
        {
            string target = $"{Image}/{name}";
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Create(target).Dispose();
            OwnMounts.Bind(source, target);
        }
    }

    /// <summary>Puts a node that is the machine's own in the place of the host's, which is given to nobody.</summary>
    /// <exception cref="HostResourceException">It cannot be made.</exception>
    internal static void ReplaceDevice(DeviceNode device, uint userId)
    {
        string own = $"{Devices}/{Path.GetFileName(device.Path)}";
        OwnMounts.MakeDevice(own, device.Major, device.Minor, userId);
        OwnMounts.Bind(own, device.Path);
    }
}
