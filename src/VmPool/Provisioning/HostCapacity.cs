using System.Globalization;
using LinuxHost;
using VmPool.Ports;

namespace VmPool.Provisioning;

/// <summary>Reads the host's own accounts in /proc.</summary>
public sealed class HostCapacity : IHostCapacity
{
    /// <inheritdoc/>
    public long AvailableMemoryMb() => HostMemory.AvailableBytes >> 20;

    /// <inheritdoc/>
    public long ResidentMemoryMb(int pid)
    {
        try
        {
            // Second field of statm: resident pages (proc(5)).
            string statm = File.ReadAllText($"/proc/{pid}/statm");
            return long.Parse(statm.Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize >> 20;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0; // It ended a moment ago.
        }
    }
}
