namespace CloudHypervisorStandIn;

/// <summary>Turns QEMU's last words into what the real one answers for the same fault.</summary>
internal static class GuestFailure
{
    internal static VmException Translate(string output)
    {
        if (output.Contains("/dev/net/tun", StringComparison.Ordinal))
        {
            return TapCheck.Failed("Unable to configure tap interface", FindErrno(output));
        }
        if (output.Contains("Failed to get \"write\" lock", StringComparison.Ordinal))
        {
            return VmException.Failed(
                "Error locking disk images: Another instance likely holds a lock", "Cannot lock images of all block devices",
                "Failed to get Write lock for disk image", "The file is already locked");
        }
        return VmException.Failed($"QEMU ended: {output.ReplaceLineEndings(" | ")}");
    }

    private static string FindErrno(string output) =>
        output.Contains("Device or resource busy", StringComparison.Ordinal) ? "Device or resource busy (os error 16)"
        : output.Contains("Operation not permitted", StringComparison.Ordinal) ? "Operation not permitted (os error 1)"
        : output.ReplaceLineEndings(" | ");
}
