namespace CloudHypervisorStandIn;

/// <summary>Numbers of the descriptors that QEMU inherits.</summary>
internal static class GuestDescriptors
{
    /// <summary>The control connection.</summary>
    internal const int Control = 3;

    /// <summary>The state of a saved machine's devices.</summary>
    internal const int DeviceState = 4;

    /// <summary>The memory of a clone.</summary>
    internal const int Memory = 5;

    /// <summary>Output of the serial port.</summary>
    internal const int Serial = 6;

    /// <summary>Output of the virtio console.</summary>
    internal const int Console = 7;
}
