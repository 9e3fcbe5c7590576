namespace VmPool.Ports;

/// <summary>How much of the host is left.</summary>
public interface IHostCapacity
{
    /// <summary>Memory in MiB that new machines could use without pushing anybody out.</summary>
    long AvailableMemoryMb();

    /// <summary>Memory in MiB that the process has in use now.</summary>
    long ResidentMemoryMb(int pid);
}
