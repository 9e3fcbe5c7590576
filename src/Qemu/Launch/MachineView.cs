using System.Globalization;

namespace Qemu;

/// <summary>
/// What one QEMU process sees of the host's files. Inside its private mount namespace every machine has its directory and
/// the files it may read at the same paths, so that all machines of one image have the very same command line, and so
/// that an unprivileged process needs no way through the private directories above them.
/// <code>
/// /run/fleeting-plugin-vmpool-vm   a private tmpfs; on the host only the empty mount point
///   vm/     the machine's own directory
///   image/  kernel, initrd, and the read-only files its disks build on, one bind mount each
///   dev/    own copies of the two device nodes
/// </code>
/// </summary>
internal sealed class MachineView(string machineDirectory)
{
    /// <summary>Exists, empty, on the host too: it is only a place to mount on.</summary>
    internal const string Root = "/run/fleeting-plugin-vmpool-vm";

    internal const string Machine = $"{Root}/vm";

    private const string Image = $"{Root}/image";

    private readonly string _directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(machineDirectory));
    private readonly List<(string Source, string Name)> _files = [];

    /// <summary>Host files to be mounted under <c>image/</c>, each with its name there.</summary>
    internal IReadOnlyList<(string Source, string Name)> Files => _files;

    /// <summary>Where the process finds a host file that is called <paramref name="name"/> when it lies outside the machine's directory.</summary>
    internal string PathOf(string hostPath, string name)
    {
        string path = Path.GetFullPath(hostPath);
        if (path.StartsWith(_directory + '/', StringComparison.Ordinal))
        {
            return Machine + path[_directory.Length..];
        }
        _files.Add((path, name));
        return $"{Image}/{name}";
    }

    /// <summary>Name under <c>image/</c> of one layer of one disk: stable for all machines of one image.</summary>
    internal static string LayerName(int disk, int layer) => string.Create(CultureInfo.InvariantCulture, $"disk{disk}-{layer}");
}
