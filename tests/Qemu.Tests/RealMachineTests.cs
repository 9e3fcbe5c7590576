using LinuxHost;
using MachineFixtures;
using Microsoft.Extensions.Logging.Abstractions;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace Qemu.Tests;

/// <summary>A real QEMU with a guest of a few bytes, started as in production.</summary>
public sealed class RealMachineTests
{
    [Fact]
    public async Task A_machine_boots_answers_and_stops()
    {
        await using TestMachine test = await TestMachine.CreateAsync(TestGuest.Saying("hello from the guest\n"));

        IVirtualMachine machine = await test.Hypervisor.BootAsync(test.Request, CancellationToken.None);
        await test.WaitForConsoleAsync("hello from the guest");

        Assert.True(await machine.IsAliveAsync(CancellationToken.None));
        string mounts = await File.ReadAllTextAsync("/proc/self/mountinfo");
        Assert.DoesNotContain(MachineView.Root, mounts, StringComparison.Ordinal);
        Assert.DoesNotContain(test.Directory, mounts, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(MachineView.Root));
        await machine.StopAsync(CancellationToken.None);
        VmExit exit = await machine.Exited;
        Assert.Equal(137, exit.ExitCode);
        Assert.Contains("serial console:\nhello from the guest", exit.LastOutput, StringComparison.Ordinal);
        Assert.Null(ProcessTable.Identify(machine.Process.Pid));
    }

    [Fact]
    public async Task The_process_has_no_privileges_and_sits_in_the_slots_namespace()
    {
        await using TestMachine test = await TestMachine.CreateAsync(TestGuest.Saying("hello\n"));
        IVirtualMachine machine = await test.Hypervisor.BootAsync(test.Request, CancellationToken.None);
        int pid = machine.Process.Pid;
        try
        {
            Dictionary<string, string> status = (await File.ReadAllLinesAsync($"/proc/{pid}/status"))
                .Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1].Trim());
            Assert.StartsWith("qemu-system", status["Name"], StringComparison.Ordinal);
            string user = string.Join('\t', Enumerable.Repeat(TestSlot.UserId, 4));
            Assert.Equal(user, status["Uid"]);
            Assert.Equal(user, status["Gid"]);
            Assert.Equal("", status["Groups"]);
            Assert.Equal("1", status["NoNewPrivs"]);
            Assert.Equal("2", status["Seccomp"]);
            foreach (string set in new[] { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" })
            {
                Assert.Equal("0000000000000000", status[set]);
            }
            HostCommandResult inNamespace = await HostCommand.RunAsync("ip", ["netns", "identify", $"{pid}"], null, CancellationToken.None);
            Assert.Equal(test.Request.NetworkNamespace, inNamespace.Output.Trim());
            Assert.Contains("Max core file size        0", await File.ReadAllTextAsync($"/proc/{pid}/limits"), StringComparison.Ordinal);
        }
        finally
        {
            await machine.StopAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task The_process_sees_its_own_files_at_fixed_paths_and_no_device_or_namespace_of_others()
    {
        await using TestMachine test = await TestMachine.CreateAsync(TestGuest.Saying("hello\n"));
        IVirtualMachine machine = await test.Hypervisor.BootAsync(test.Request, CancellationToken.None);
        try
        {
            string seen = $"/proc/{machine.Process.Pid}/root";
            Assert.Equal(["disk0-1", "kernel"], Directory.EnumerateFiles($"{seen}{MachineView.Root}/image").Select(Path.GetFileName).Order());
            Assert.Equal(
                Directory.EnumerateFiles(test.Directory).Select(Path.GetFileName).Order(),
                Directory.EnumerateFileSystemEntries($"{seen}{MachineView.Machine}").Select(Path.GetFileName).Order());
            // The TAP device came as a descriptor: no device node is its own.
            Assert.Empty(Directory.EnumerateFileSystemEntries($"{seen}{MachineView.Root}/dev"));
            Assert.Equal(["lo", "tap0"], Directory.EnumerateFileSystemEntries($"{seen}/sys/class/net").Select(Path.GetFileName).Order());
            // A network namespace of another slot must be able to end while this machine lives.
            Assert.DoesNotContain(" - nsfs ", await File.ReadAllTextAsync($"/proc/{machine.Process.Pid}/mountinfo"), StringComparison.Ordinal);
            HostCommandResult console = await HostCommand.RunAsync("stat", ["-c", "%U %a", test.SerialLog], null, CancellationToken.None);
            Assert.EndsWith(" 600", console.Output.Trim(), StringComparison.Ordinal);
        }
        finally
        {
            await machine.StopAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_machine_outlives_the_process_that_started_it_and_is_adopted()
    {
        await using TestMachine test = await TestMachine.CreateAsync(TestGuest.Saying("hello\n"));
        // Started without ever speaking to it, as a plugin does that is killed right after the start.
        (ChildProcess child, Stream control) = await MachineLaunch.ForBoot(test.Request, "tcg").StartAsync("qemu-system-x86_64");
        await control.DisposeAsync();
        await test.WaitForConsoleAsync("hello");
        var successor = new QemuHypervisor(new QemuSettings(), TimeProvider.System, NullLogger<QemuHypervisor>.Instance);

        IVirtualMachine? machine = await successor.AdoptAsync(child.Identity, test.Directory, CancellationToken.None);

        Assert.NotNull(machine);
        Assert.Equal(child.Identity, machine.Process);
        Assert.True(await machine.IsAliveAsync(CancellationToken.None));
        await machine.StopAsync(CancellationToken.None);
        Assert.Equal(137, await child.Exited);
        Assert.Null(await successor.AdoptAsync(child.Identity, test.Directory, CancellationToken.None));
    }

    [Fact]
    public async Task A_machine_that_dies_says_how_and_what_it_said_last()
    {
        await using TestMachine test = await TestMachine.CreateAsync(TestGuest.Saying("Kernel panic - not syncing\n"));
        IVirtualMachine machine = await test.Hypervisor.BootAsync(test.Request, CancellationToken.None);
        await test.WaitForConsoleAsync("not syncing");

        await HostCommand.RunAsync("kill", ["-KILL", $"{machine.Process.Pid}"], null, CancellationToken.None);
        VmExit exit = await machine.Exited.WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(137, exit.ExitCode);
        Assert.Contains("Kernel panic - not syncing", exit.LastOutput, StringComparison.Ordinal);
        Assert.False(await machine.IsAliveAsync(CancellationToken.None));
        await machine.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_guest_that_floods_its_console_does_not_fill_the_disk()
    {
        string line = new('x', 999);
        await using TestMachine test = await TestMachine.CreateAsync(TestGuest.Flooding(line + "\n"));
        IVirtualMachine machine = await test.Hypervisor.BootAsync(test.Request, CancellationToken.None);
        try
        {
            string console = await test.WaitForConsoleAsync("[earlier output was dropped]");

            // Right after a cut: what was kept, and what came since.
            Assert.InRange(console.Length, 1, 2 * GuestLog.MaximumBytes);
            Assert.True(await machine.IsAliveAsync(CancellationToken.None));
        }
        finally
        {
            await machine.StopAsync(CancellationToken.None);
        }
        Assert.Contains(line[..100], (await machine.Exited).LastOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_namespace_is_the_reason_in_the_error()
    {
        await using TestMachine test = await TestMachine.CreateAsync(TestGuest.Saying("hello\n"));

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => test.Hypervisor.BootAsync(test.Request with { NetworkNamespace = "no-such-namespace" }, CancellationToken.None));

        Assert.Equal("cannot start instance ci-1: cannot open network namespace no-such-namespace: No such file or directory (errno 2)", error.Message);
    }

    [Fact]
    public async Task A_base_disk_that_the_user_may_not_read_is_the_reason_in_the_error()
    {
        await using TestMachine test = await TestMachine.CreateAsync(TestGuest.Saying("hello\n"));
        File.SetUnixFileMode(Path.Combine(test.ImageDirectory, "disk.raw"), UnixFileMode.UserRead);

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => test.Hypervisor.BootAsync(test.Request, CancellationToken.None));

        Assert.Contains("exited with code 1 after", error.Message, StringComparison.Ordinal);
        Assert.Contains("disk0-1': Permission denied", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_kernel_is_named_before_anything_is_started()
    {
        await using TestMachine test = await TestMachine.CreateAsync(TestGuest.Saying("hello\n"));
        File.Delete(test.Request.KernelPath);

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => test.Hypervisor.BootAsync(test.Request, CancellationToken.None));

        Assert.Equal($"cannot start instance ci-1: its kernel {test.Request.KernelPath} does not exist", error.Message);
    }

    [Fact]
    public async Task Capabilities_name_the_installed_version_and_the_accelerator()
    {
        await using TestMachine test = await TestMachine.CreateAsync(TestGuest.Saying("hello\n"));

        HypervisorCapabilities capabilities = await test.Hypervisor.ProbeAsync(CancellationToken.None);

        Assert.Matches(@"^\d+\.\d+", capabilities.Version);
        Assert.Equal("tcg", capabilities.Accelerator);
        Assert.True(capabilities.IsEmulated);
        Assert.Null(capabilities.Warning);
    }
}
