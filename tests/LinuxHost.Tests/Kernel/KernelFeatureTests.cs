namespace LinuxHost.Tests.Kernel;

public sealed class KernelFeatureTests
{
    [Fact]
    public void Landlock_is_as_old_as_the_list_of_security_modules_says()
    {
        const string Modules = "/sys/kernel/security/lsm";
        int version = Landlock.Version();

        Assert.InRange(version, 0, 1000);
        if (File.Exists(Modules))
        {
            Assert.Equal(File.ReadAllText(Modules).Split(',').Contains("landlock"), version > 0);
        }
    }

    [Fact]
    public void A_kvm_device_that_cannot_be_used_is_named()
    {
        string? fault = KvmDevice.Fault();

        Assert.True(fault is null || fault.StartsWith(KvmDevice.Path, StringComparison.Ordinal), fault);
        Assert.Equal(File.Exists(KvmDevice.Path), fault?.Contains("does not exist", StringComparison.Ordinal) != true);
    }
}
