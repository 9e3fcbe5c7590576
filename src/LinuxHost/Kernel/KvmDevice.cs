using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>The kernel's virtualization device.</summary>
public static class KvmDevice
{
    /// <summary>Where it is.</summary>
    public const string Path = "/dev/kvm";

    // linux/kvm.h; the version has been this one since 2007.
    private const nuint IoctlGetVersion = 0xae00;
    private const nuint IoctlCreateMachine = 0xae01;
    private const int StableVersion = 12;

    /// <summary>
    /// Why guests cannot run virtual machines of their own; absent when they can, and where no kvm module is loaded that could
    /// say so.
    /// </summary>
    /// <param name="modules">Where the kernel shows its modules.</param>
    public static string? NestedFault(string modules = "/sys/module")
    {
        foreach (string module in new[] { "kvm_intel", "kvm_amd" })
        {
            string parameter = System.IO.Path.Combine(modules, module, "parameters", "nested");
            if (File.Exists(parameter) && File.ReadAllText(parameter).Trim() is var value and not ("Y" or "1"))
            {
                return $"the kernel lets no guest run virtual machines: {parameter} is {value}; allow it: "
                    + $"echo options {module} nested=1 > /etc/modprobe.d/{module}.conf, end all virtual machines, then modprobe -r {module} && modprobe {module}";
            }
        }
        return null;
    }

    /// <summary>
    /// Why this process cannot make virtual machines with it; absent when it can. That a guest then runs is not said: there
    /// are nested hosts where the first instructions hang, which only a guest can find out.
    /// </summary>
    public static string? Fault()
    {
        if (!File.Exists(Path))
        {
            return $"{Path} does not exist (no kvm module is loaded, or the processor's virtualization is off)";
        }
        int descriptor = Libc.Open(Path, Libc.OpenReadWrite | Libc.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            return $"{Path} cannot be opened: {Errno.Describe(Libc.LastErrno)}";
        }
        using var device = new SafeFileHandle(descriptor, ownsHandle: true);
        int version = Libc.DeviceControl(descriptor, IoctlGetVersion, 0);
        if (version != StableVersion)
        {
            return version < 0 ? $"{Path} is no KVM device: {Errno.Describe(Libc.LastErrno)}" : $"{Path} has version {version}, not {StableVersion}";
        }
        int machine = Libc.DeviceControl(descriptor, IoctlCreateMachine, 0);
        if (machine < 0)
        {
            return $"{Path} makes no virtual machine: {Errno.Describe(Libc.LastErrno)}";
        }
        _ = Libc.Close(machine);
        return null;
    }
}
