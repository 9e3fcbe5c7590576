namespace Qemu;

/// <summary>Names of the files in a machine's directory.</summary>
internal static class MachineFiles
{
    /// <summary>Control socket, made by QEMU.</summary>
    internal const string Socket = "qmp.sock";

    /// <summary>QEMU's own standard output and error, and those of the steps before it.</summary>
    internal const string ProcessLog = "qemu.log";
}
