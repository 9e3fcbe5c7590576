using System.Text.Json;
using LinuxHost;
using MachineFixtures;
using Microsoft.Extensions.Logging.Abstractions;
using VmPool;
using VmPool.Ports;

namespace Qemu.Tests;

/// <summary>Templates and clones of a real QEMU with a guest that counts in its memory.</summary>
public sealed class TemplateTests
{
    [Fact]
    public async Task Clones_go_on_where_the_template_stopped_each_for_itself()
    {
        await using TestTemplate test = await TestTemplate.CreateAsync(TestGuest.Counting());
        uint stopped = (await TestTemplate.NumbersAsync(test.Request.Directory))[^1];
        string[] before = await test.ChecksumsAsync();
        using IMachineTemplate template = await test.Hypervisor.OpenTemplateAsync(test.Directory, CancellationToken.None);
        MachineRequest[] requests = [await test.PrepareCloneAsync("ci-2"), await test.PrepareCloneAsync("ci-3")];

        IVirtualMachine[] clones = await Task.WhenAll(requests.Select(request => template.CloneAsync(request, CancellationToken.None)));

        foreach ((MachineRequest request, IVirtualMachine clone) in requests.Zip(clones))
        {
            uint[] numbers = await TestTemplate.WaitForNumbersAsync(request.Directory, 5);
            // The template may have been stopped while it said a number, which the clone then ends.
            Assert.InRange(numbers[0], stopped + 1, stopped + 2);
            Assert.Equal(numbers[0] + 4, numbers[4]);
            Assert.True(await clone.IsAliveAsync(CancellationToken.None));
            await clone.StopAsync(CancellationToken.None);
        }
        Assert.Equal(before, await test.ChecksumsAsync());
    }

    [Fact]
    public async Task A_saved_template_has_ended_and_belongs_to_root_alone()
    {
        (TestTemplate test, IVirtualMachine machine) = await TestTemplate.StartAsync(TestGuest.Counting());
        await using TestTemplate _ = test;
        await TestTemplate.WaitForNumbersAsync(test.Request.Directory, 2);

        await test.Hypervisor.SaveTemplateAsync(machine, test.Directory, CancellationToken.None);

        Assert.True(machine.Exited.IsCompleted);
        Assert.Null(ProcessTable.Identify(machine.Process.Pid));
        Assert.Equal(["memory", "state"], Directory.EnumerateFileSystemEntries(test.Directory).Select(Path.GetFileName).Order());
        HostCommandResult files = await HostCommand.RunAsync("stat", ["-c", "%U %G %a", .. test.Files.Take(2)], null, CancellationToken.None);
        Assert.Equal("root root 444\nroot root 444\n", files.Output);
        Assert.Equal(64 << 20, new FileInfo(test.Files[0]).Length);
        Assert.DoesNotContain("state.sock", Directory.EnumerateFileSystemEntries(test.Request.Directory).Select(Path.GetFileName));
    }

    [Fact]
    public async Task What_was_written_to_the_disk_before_the_save_is_in_its_file()
    {
        (TestTemplate test, IVirtualMachine machine) = await TestTemplate.StartAsync(TestGuest.Counting());
        await using TestTemplate _ = test;
        // Through the disk's own layer in QEMU, as the guest's writes go.
        QmpConnection connection = await ((QemuMachine)machine).ConnectAsync(CancellationToken.None);
        JsonElement written = await connection.ExecuteAsync("human-monitor-command",
            json => json.WriteString("command-line", "qemu-io -d /machine/peripheral/vd0/virtio-backend \"write -P 0x5a 1M 2M\""),
            TimeSpan.FromSeconds(60), CancellationToken.None);
        Assert.Equal("", written.GetString());

        await test.Hypervisor.SaveTemplateAsync(machine, test.Directory, CancellationToken.None);

        string disk = test.Request.Disks[0].Path;
        await HostCommand.RunAsync("qemu-img", ["check", "-q", disk], null, CancellationToken.None);
        await HostCommand.RunAsync("qemu-io", ["-r", "-c", "read -P 0x5a 1M 2M", disk], null, CancellationToken.None);
    }

    [Fact]
    public async Task A_template_that_was_opened_before_an_upgrade_is_not_restored_by_the_new_program()
    {
        await using TestTemplate test = await TestTemplate.CreateAsync(TestGuest.Counting());
        using var directory = new TestDirectory();
        string program = directory["qemu"];
        await InstallAsync("8.2.0");
        var hypervisor = new QemuHypervisor(
            new QemuSettings { Program = program, Accelerator = "tcg" }, TimeProvider.System, NullLogger<QemuHypervisor>.Instance);
        using IMachineTemplate template = await hypervisor.OpenTemplateAsync(test.Directory, CancellationToken.None);
        MachineRequest request = await test.PrepareCloneAsync("ci-2");

        await InstallAsync("8.2.10");

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => template.CloneAsync(request, CancellationToken.None));
        Assert.Matches("^cannot start instance ci-2: its template cannot be used any more: it was opened with \"qemu 8.2.0, .*\", but \"qemu 8.2.10, .*\" is installed", error.Message);

        // It knows its version and nothing else: a clone that it is asked for fails otherwise.
        async Task InstallAsync(string version)
        {
            await File.WriteAllTextAsync(program, $"#!/bin/sh\necho QEMU emulator version {version}\n");
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public async Task A_guest_that_reboots_ends_its_clone()
    {
        // The template may reboot meanwhile: it counts again.
        await using TestTemplate test = await TestTemplate.CreateAsync(TestGuest.Counting(last: 300));
        using IMachineTemplate template = await test.Hypervisor.OpenTemplateAsync(test.Directory, CancellationToken.None);
        MachineRequest request = await test.PrepareCloneAsync("ci-2");

        IVirtualMachine clone = await template.CloneAsync(request, CancellationToken.None);
        VmExit exit = await clone.Exited.WaitAsync(TimeSpan.FromSeconds(120));

        Assert.Equal(0, exit.ExitCode);
        Assert.Equal(300u, (await TestTemplate.NumbersAsync(request.Directory))[^1]);
    }

    [Fact]
    public async Task A_state_that_cannot_be_loaded_is_reported_in_the_words_of_qemu_and_nothing_is_left()
    {
        await using TestTemplate test = await TestTemplate.CreateAsync(TestGuest.Counting());
        byte[] state = await File.ReadAllBytesAsync(test.Files[1]);
        await File.WriteAllBytesAsync(test.Files[1], state[..(state.Length / 2)]);
        using IMachineTemplate template = await test.Hypervisor.OpenTemplateAsync(test.Directory, CancellationToken.None);
        MachineRequest request = await test.PrepareCloneAsync("ci-2");

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => template.CloneAsync(request, CancellationToken.None));

        Assert.StartsWith("cannot start instance ci-2: qemu-system-x86_64 (pid ", error.Message, StringComparison.Ordinal);
        Assert.Contains("exited with code 1 after", error.Message, StringComparison.Ordinal);
        Assert.Contains("load of migration failed", error.Message, StringComparison.Ordinal);
        Assert.Empty(ProcessTable.FindInNetworkNamespace(NetworkNamespace.InodeOf(request.NetworkNamespace)!.Value));
        Assert.DoesNotContain(Descriptors(), path => path.StartsWith(test.Files[1], StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_device_that_the_template_had_and_the_clone_has_not_is_named()
    {
        await using TestTemplate test = await TestTemplate.CreateAsync(TestGuest.Counting());
        using IMachineTemplate template = await test.Hypervisor.OpenTemplateAsync(test.Directory, CancellationToken.None);
        MachineRequest request = await test.PrepareCloneAsync("ci-2");

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => template.CloneAsync(request with { Disks = [request.Disks[0]] }, CancellationToken.None));

        Assert.Contains("virtio-blk", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clone_cannot_change_the_memory_of_later_ones()
    {
        await using TestTemplate test = await TestTemplate.CreateAsync(TestGuest.Counting());
        using IMachineTemplate template = await test.Hypervisor.OpenTemplateAsync(test.Directory, CancellationToken.None);
        IVirtualMachine clone = await template.CloneAsync(await test.PrepareCloneAsync("ci-2"), CancellationToken.None);
        try
        {
            string[] memories = [.. Directory.EnumerateFileSystemEntries($"/proc/{clone.Process.Pid}/fd")
                .Where(path => new FileInfo(path).LinkTarget?.Contains("memory", StringComparison.Ordinal) == true)];
            Assert.NotEmpty(memories);
            foreach (string memory in memories)
            {
                HostCommandResult poisoning = await HostCommand.RunAsync("setpriv",
                    ["--reuid", $"{TestSlot.UserId}", "--regid", $"{TestSlot.UserId}", "--clear-groups",
                        "dd", "if=/dev/zero", $"of={memory}", "bs=4096", "count=1", "conv=notrunc"],
                    new HostCommandOptions { AcceptedExitCodes = [0, 1] }, CancellationToken.None);
                Assert.Matches("Operation not permitted|Permission denied", poisoning.Error);
            }
        }
        finally
        {
            await clone.StopAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_disposed_template_holds_nothing_and_its_clones_live_on()
    {
        await using TestTemplate test = await TestTemplate.CreateAsync(TestGuest.Counting());
        IMachineTemplate template = await test.Hypervisor.OpenTemplateAsync(test.Directory, CancellationToken.None);
        MachineRequest request = await test.PrepareCloneAsync("ci-2");
        IVirtualMachine clone = await template.CloneAsync(request, CancellationToken.None);
        try
        {
            template.Dispose();
            template.Dispose();

            Assert.DoesNotContain(Descriptors(), path => path.StartsWith("/memfd:memory", StringComparison.Ordinal));
            int said = (await TestTemplate.NumbersAsync(request.Directory)).Length;
            await TestTemplate.WaitForNumbersAsync(request.Directory, said + 2);
            await Assert.ThrowsAsync<ObjectDisposedException>(() => template.CloneAsync(request, CancellationToken.None));
        }
        finally
        {
            await clone.StopAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_stopped_machine_cannot_be_saved_and_leaves_no_state()
    {
        (TestTemplate test, IVirtualMachine machine) = await TestTemplate.StartAsync(TestGuest.Counting());
        await using TestTemplate _ = test;
        await machine.StopAsync(CancellationToken.None);

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => test.Hypervisor.SaveTemplateAsync(machine, test.Directory, CancellationToken.None));

        Assert.StartsWith($"cannot save ci-1 as template {test.Directory}: ", error.Message, StringComparison.Ordinal);
        Assert.Equal(["memory"], Directory.EnumerateFileSystemEntries(test.Directory).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_template_that_does_not_start_leaves_no_memory()
    {
        await using TestMachine test = await TestMachine.CreateAsync(TestGuest.Counting());
        string directory = Directory.CreateDirectory(Path.Combine(test.ImageDirectory, "template")).FullName;

        await Assert.ThrowsAsync<HypervisorException>(
            () => test.Hypervisor.StartTemplateAsync(test.Request with { NetworkNamespace = "no-such-namespace" }, directory, CancellationToken.None));

        Assert.Empty(Directory.EnumerateFileSystemEntries(directory));
    }

    [Fact]
    public async Task An_incomplete_template_is_refused_by_the_name_of_what_is_missing()
    {
        using var directory = new TestDirectory();
        await using TestMachine test = await TestMachine.CreateAsync(TestGuest.Counting());
        await File.WriteAllBytesAsync(directory["memory"], new byte[4096]);

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => test.Hypervisor.OpenTemplateAsync(directory.Path, CancellationToken.None));

        Assert.Equal($"{directory.Path} is no complete template: it has no file state", error.Message);
    }

    private static IEnumerable<string> Descriptors() =>
        Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(path => new FileInfo(path).LinkTarget).OfType<string>();
}
