using LinuxHost;
using MachineFixtures;
using VmPool;
using VmPool.Ports;

namespace VmmProcess.Tests;

public sealed class DiskChainTests
{
    [Fact]
    public async Task The_chain_of_an_overlay_is_read_down_to_the_raw_base()
    {
        using var directory = new TestDirectory();
        await ImageAsync("create", "-f", "raw", directory["base.raw"], "5M");
        await ImageAsync("create", "-f", "qcow2", "-b", directory["base.raw"], "-F", "raw", directory["template.qcow2"]);
        // A relative name is relative to the file that holds it.
        await ImageAsync("create", "-f", "qcow2", "-b", "template.qcow2", "-F", "qcow2", directory["disk.qcow2"], "7M");

        DiskChain chain = DiskChain.Read(new VmDisk(directory["disk.qcow2"], "qcow2", ReadOnly: false));

        Assert.Equal(
            [new(directory["disk.qcow2"], "qcow2"), new(directory["template.qcow2"], "qcow2"), new(directory["base.raw"], "raw")],
            chain.Layers);
        Assert.Equal(7 * 1024 * 1024, chain.VirtualSize);
    }

    [Fact]
    public async Task A_backing_file_without_stated_format_is_refused()
    {
        using var directory = new TestDirectory();
        await ImageAsync("create", "-f", "raw", directory["base.raw"], "1M");
        await ImageAsync("create", "-f", "qcow2", "-u", "-b", directory["base.raw"], "-F", "raw", directory["disk.qcow2"], "1M");
        byte[] bytes = await File.ReadAllBytesAsync(directory["disk.qcow2"]);
        // The extension that follows the header names the format; its type is overwritten by one nobody knows.
        Assert.Equal([0xe2, 0x79, 0x2a, 0xca], bytes[112..116]);
        bytes[112] = 0x11;
        await File.WriteAllBytesAsync(directory["disk.qcow2"], bytes);

        HypervisorException error = Assert.Throws<HypervisorException>(() => DiskChain.Read(new VmDisk(directory["disk.qcow2"], "qcow2", false)));

        Assert.Contains("does not say which format its backing file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_its_own_backing_file_does_not_loop()
    {
        using var directory = new TestDirectory();
        await ImageAsync("create", "-f", "qcow2", "-u", "-b", "disk.qcow2", "-F", "qcow2", directory["disk.qcow2"], "1M");

        HypervisorException error = Assert.Throws<HypervisorException>(() => DiskChain.Read(new VmDisk(directory["disk.qcow2"], "qcow2", false)));

        Assert.Contains("builds on more than", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not a disk at all")]
    [InlineData("")]
    public async Task A_file_of_another_format_is_named(string content)
    {
        using var directory = new TestDirectory();
        await File.WriteAllTextAsync(directory["disk.qcow2"], content);

        HypervisorException error = Assert.Throws<HypervisorException>(() => DiskChain.Read(new VmDisk(directory["disk.qcow2"], "qcow2", false)));

        Assert.Contains($"{directory["disk.qcow2"]} is not a qcow2 file", error.Message, StringComparison.Ordinal);
    }

    private static async Task ImageAsync(params string[] arguments) => await HostCommand.RunAsync("qemu-img", arguments, null, CancellationToken.None);
}
