using System.Globalization;
using LinuxHost;
using Microsoft.Win32.SafeHandles;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace CloudHypervisor;

/// <summary>
/// Where a template's process saves itself to: a directory of its own user. We take the files from there once the process has
/// ended; it never holds a right to write a template.
/// </summary>
internal static class SnapshotDirectory
{
    // A description has 2 KB, a state 30 to 300.
    private const long LongestFile = 64 << 20;

    /// <summary>Makes it before the machine exists: its sandbox allows only what is there.</summary>
    /// <exception cref="HostResourceException">It cannot be made.</exception>
    internal static void Create(MachineRequest request)
    {
        string path = PathIn(request.Directory);
        PrivateDirectory.Ensure(path);
        FileOwner.Set(path, request.UserId, request.UserId, PrivateDirectory.OwnerOnly);
    }

    /// <summary>One saved file. No link is followed on the way.</summary>
    /// <exception cref="IOException">It is missing, or no regular file.</exception>
    /// <exception cref="HypervisorException">It is longer than any can be.</exception>
    internal static byte[] Read(string machineDirectory, string name)
    {
        using SafeFileHandle file = Find(machineDirectory, name) ?? throw new IOException($"cloud-hypervisor has saved no {name}");
        long length = RandomAccess.GetLength(file);
        if (length > LongestFile)
        {
            throw new HypervisorException($"{name} has {length} bytes, more than any state of ours");
        }
        byte[] content = new byte[length];
        int read = RandomAccess.Read(file, content, 0);
        return read == length ? content : throw new IOException($"{name} became shorter while it was read");
    }

    /// <summary>Whether there is a file of that name.</summary>
    /// <exception cref="IOException">There is something else of that name.</exception>
    internal static bool Has(string machineDirectory, string name)
    {
        using SafeFileHandle? file = Find(machineDirectory, name);
        return file is not null;
    }

    /// <summary>Removes it with all its files; the process has ended.</summary>
    internal static void Remove(string machineDirectory)
    {
        string path = PathIn(machineDirectory);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    private static SafeFileHandle? Find(string machineDirectory, string name)
    {
        using SafeFileHandle directory = NativeFile.OpenNode(PathIn(machineDirectory));
        return NativeFile.OpenForAppend(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{(int)directory.DangerousGetHandle()}/{name}"));
    }

    private static string PathIn(string machineDirectory) => Path.Combine(machineDirectory, MachineFiles.Snapshot);
}
