namespace CloudHypervisorStandIn;

/// <summary>
/// The little that vm.restore notices when a configuration does not fit the saved state. Everything else is taken, as by the
/// real one: disks that are missing, renamed or too short, other processors, other MAC addresses, other sizes.
/// </summary>
internal static class SavedDevicesCheck
{
    // The addresses 0 to 2 are taken by the host bridge, the console and the random number generator.
    private const int FirstFreeSlot = 3;

    /// <exception cref="VmException">It is noticed.</exception>
    internal static void Check(VmConfig config, VmConfig saved)
    {
        if ((config.Disks?.Count ?? 0) > (saved.Disks?.Count ?? 0))
        {
            throw VmException.Device($"Valid PCI device identifier but already used: {FirstFreeSlot}");
        }
        if (config.Memory.Zones?.FirstOrDefault()?.Id != saved.Memory.Zones?.FirstOrDefault()?.Id)
        {
            throw VmException.Failed("Memory manager error", "No memory region found");
        }
        foreach (DiskConfig disk in config.Disks ?? [])
        {
            if (saved.Disks?.FirstOrDefault(candidate => candidate.Id == disk.Id) is { } before && before.ReadOnly != disk.ReadOnly)
            {
                throw VmException.Failed("Cannot lock images of all block devices", "Bad file descriptor (os error 9)");
            }
        }
    }
}
