using VmPool;

namespace Qemu.Tests;

public sealed class QemuVersionTests
{
    [Theory]
    [InlineData("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright", "7.2.22", "7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)", false)]
    [InlineData("QEMU emulator version 8.1.5\n", "8.1.5", "8.1.5", false)]
    [InlineData("QEMU emulator version 8.2.0\n", "8.2.0", "8.2.0", true)]
    [InlineData("QEMU emulator version 10.0.2\n", "10.0.2", "10.0.2", true)]
    public void The_version_is_read(string output, string number, string build, bool mapsReadOnlyFiles)
    {
        QemuVersion version = QemuVersion.Parse("qemu", output);

        Assert.Equal(new QemuVersion(number, build), version);
        Assert.Equal(mapsReadOnlyFiles, version.MapsReadOnlyFiles);
    }

    [Fact]
    public void An_old_version_is_refused_with_the_oldest_that_will_do()
    {
        HostRequirementException error = Assert.Throws<HostRequirementException>(() => QemuVersion.Parse("/opt/qemu", "QEMU emulator version 5.2.0\n"));

        Assert.Contains("/opt/qemu has version 5.2.0; 7.2 or newer is needed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_program_is_reported_with_the_package_to_install()
    {
        HostRequirementException error = await Assert.ThrowsAsync<HostRequirementException>(
            () => QemuVersion.ReadAsync("/nowhere/qemu-system-x86_64", CancellationToken.None));

        Assert.Contains("/nowhere/qemu-system-x86_64 is not installed", error.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install qemu-system-x86", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_program_is_not_taken_for_qemu()
    {
        HostRequirementException error = await Assert.ThrowsAsync<HostRequirementException>(() => QemuVersion.ReadAsync("echo", CancellationToken.None));

        Assert.Contains("is this the right program?", error.Message, StringComparison.Ordinal);
    }
}
