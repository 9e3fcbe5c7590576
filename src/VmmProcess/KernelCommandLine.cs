using VmPool.Ports;

namespace VmmProcess;

/// <summary>What a booting guest's kernel is told.</summary>
public static class KernelCommandLine
{
    /// <param name="request">The machine; its image's words come first.</param>
    /// <param name="driver">What the driver has to add; empty for nothing.</param>
    public static string Of(BootRequest request, string driver = "")
    {
        // The last console named becomes /dev/console: that stays the serial one.
        string consoles = request.VirtioConsole ? "console=hvc0 console=ttyS0" : "console=ttyS0";
        return string.Join(' ', new[] { request.KernelCommandLine, driver, consoles }.Where(words => words.Length > 0));
    }
}
