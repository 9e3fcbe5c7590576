using LinuxHost;
using VmPool.Ports;

namespace CloudHypervisor.Tests;

/// <summary>qcow2 disks as the pool makes them: each file names the one below it relative to itself.</summary>
internal static class Overlays
{
    /// <summary>A booted machine's disk.</summary>
    public static async Task<VmDisk> BootedAsync(string directory)
    {
        await BaseAsync(directory);
        return await CreateAsync(directory, "disk.qcow2", "base.raw", "raw");
    }

    /// <summary>A clone's disk.</summary>
    public static async Task<VmDisk> CloneAsync(string directory)
    {
        await BaseAsync(directory);
        await CreateAsync(directory, "template.qcow2", "base.raw", "raw");
        return await CreateAsync(directory, "disk.qcow2", "template.qcow2", "qcow2");
    }

    /// <returns>Its path.</returns>
    public static async Task<string> BaseAsync(string directory)
    {
        string path = Path.Combine(directory, "base.raw");
        await HostCommand.RunAsync("truncate", ["-s", "8M", path]);
        return path;
    }

    public static async Task<VmDisk> CreateAsync(string directory, string name, string over, string format)
    {
        string path = Path.Combine(directory, name);
        await HostCommand.RunAsync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", over, "-F", format, path]);
        return new VmDisk(path, "qcow2", ReadOnly: false);
    }
}
