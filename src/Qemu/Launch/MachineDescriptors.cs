namespace Qemu;

/// <summary>Numbers of the descriptors that QEMU inherits from us: what it could not or should not open by itself.</summary>
internal static class MachineDescriptors
{
    /// <summary>The slot's TAP device.</summary>
    internal const int Tap = 4;

    /// <summary>A template's device state, to be read once.</summary>
    internal const int State = 5;

    /// <summary>A template's sealed memory.</summary>
    internal const int Memory = 6;
}
