using System.Security.Cryptography;
using System.Text.Json.Nodes;
using LinuxHost;
using MachineFixtures;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace CloudHypervisor.Tests;

/// <summary>Templates and clones, with a stand-in for Cloud Hypervisor in real slots.</summary>
public sealed class TemplateTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_template_is_booted_paused_saved_and_killed()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("template-1");

        IVirtualMachine machine = await pool.Hypervisor.StartTemplateAsync(request, pool.TemplateDirectory, CancellationToken.None);
        HostCommandResult running = await HostCommand.RunAsync(
            "stat", ["-c", "%u %g %a", Path.Combine(request.Directory, "snapshot"), Path.Combine(pool.TemplateDirectory, "memory")]);
        await pool.Hypervisor.SaveTemplateAsync(machine, pool.TemplateDirectory, CancellationToken.None);

        Assert.Equal($"{request.UserId} {request.UserId} 700\n{request.UserId} {request.UserId} 600\n", running.Output);
        Assert.Equal(
            ["start", "PUT vm.create", "PUT vm.boot", "PUT vm.pause",
                """PUT vm.snapshot {"destination_url":"file:///run/fleeting-plugin-vmpool-vm/vm/snapshot"}"""],
            TestPool.Calls(request).Select(line => line.StartsWith("start", StringComparison.Ordinal) ? "start"
                : line.StartsWith("PUT vm.create", StringComparison.Ordinal) ? "PUT vm.create" : line));
        Assert.Equal(137, (await machine.Exited).ExitCode);
        string[] names = ["config.json", "machine.json", "memory", "state.json"];
        Assert.Equal(names, Directory.EnumerateFileSystemEntries(pool.TemplateDirectory).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        HostCommandResult files = await HostCommand.RunAsync("stat", ["-c", "%U %G %a", .. names.Select(name => Path.Combine(pool.TemplateDirectory, name))]);
        Assert.Equal(string.Concat(Enumerable.Repeat("root root 444\n", names.Length)), files.Output);
        Assert.False(Directory.Exists(Path.Combine(request.Directory, "snapshot")));
        JsonNode config = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(pool.TemplateDirectory, "config.json")))!;
        Assert.False((bool)config["memory"]!["zones"]![0]!["shared"]!);
        Assert.Null(config["net"]![0]!["host_mac"]);
    }

    [Fact]
    public async Task A_clone_is_one_process_and_one_call_and_all_clones_are_told_the_same()
    {
        await using var pool = new TestPool();
        using IMachineTemplate template = await pool.CreateTemplateAsync();
        string before = Checksum(pool);
        BootRequest[] requests = [await pool.PrepareAsync("ci-1"), await pool.PrepareAsync("ci-2")];

        IVirtualMachine[] clones = await Task.WhenAll(requests.Select(request => template.CloneAsync(request, CancellationToken.None)));

        foreach ((BootRequest request, IVirtualMachine clone) in requests.Zip(clones))
        {
            // Pinned: whatever is added here is paid by every job.
            Assert.Equal(
                ["start --api-socket fd=3 --event-monitor fd=4 --seccomp true",
                    """PUT vm.restore {"source_url":"file:///run/fleeting-plugin-vmpool-vm/image/template","resume":true}"""],
                TestPool.Calls(request));
            Assert.Equal(clone.Process, Assert.Single(TestPool.Processes(request.NetworkNamespace)));
            Assert.True(await clone.IsAliveAsync(CancellationToken.None));
            Assert.Contains("hello from the guest", TestPool.Console(request), StringComparison.Ordinal);
            await clone.StopAsync(CancellationToken.None);
        }
        Assert.Equal(before, Checksum(pool));
    }

    [Fact]
    public async Task A_template_that_was_opened_before_an_upgrade_is_not_restored_by_the_new_program()
    {
        await using var pool = new TestPool();
        using IMachineTemplate template = await pool.CreateTemplateAsync();
        string before = (await pool.Hypervisor.ProbeAsync(CancellationToken.None)).TemplateKey!;
        BootRequest request = await pool.PrepareAsync("ci-1");

        StubProgram.Replace(pool.Program, "cloud-hypervisor v53.1");

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => template.CloneAsync(request, CancellationToken.None));
        Assert.Equal(
            "cannot start instance ci-1: its template cannot be used any more: it was made with cloud-hypervisor v53.0, but v53.1 is installed; the next request gets a new one",
            error.Message);
        Assert.Empty(TestPool.Processes(request.NetworkNamespace));
        // By this the pool knows that it needs another template.
        Assert.Equal(before.Replace("v53.0", "v53.1", StringComparison.Ordinal), (await pool.Hypervisor.ProbeAsync(CancellationToken.None)).TemplateKey);
    }

    [Fact]
    public async Task A_program_that_was_installed_anew_in_the_same_version_restores_what_it_has_made()
    {
        await using var pool = new TestPool();
        using IMachineTemplate template = await pool.CreateTemplateAsync();
        BootRequest request = await pool.PrepareAsync("ci-1");

        StubProgram.Replace(pool.Program, "cloud-hypervisor v53.0");

        IVirtualMachine clone = await template.CloneAsync(request, CancellationToken.None);
        await clone.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_clone_can_read_the_template_and_write_nothing_of_it()
    {
        await using var pool = new TestPool();
        using IMachineTemplate template = await pool.CreateTemplateAsync();
        BootRequest request = await pool.PrepareAsync("ci-1");
        IVirtualMachine clone = await template.CloneAsync(request, CancellationToken.None);

        string seen = $"/proc/{clone.Process.Pid}/root{MachineView.Image}";
        foreach (string name in new[] { "memory", "template/config.json", "template/state.json", "disk1" })
        {
            Assert.Contains("Permission denied", await WriteAsync(clone, request, name), StringComparison.Ordinal);
            Assert.True(File.Exists($"{seen}/{name}"));
        }
        // A kernel would be looked for only by a restart, which ends the machine.
        Assert.False(File.Exists($"{seen}/kernel"));
        await clone.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task With_overlays_every_clone_finds_what_its_disk_builds_on_and_can_write_nothing_of_it()
    {
        await using var pool = new TestPool(version: "cloud-hypervisor v54.0");
        using IMachineTemplate template = await pool.CreateTemplateAsync(await pool.PrepareAsync("template-1", Overlays.BootedAsync));
        BootRequest request = await pool.PrepareAsync("ci-1", Overlays.CloneAsync);

        IVirtualMachine clone = await template.CloneAsync(request, CancellationToken.None);

        foreach (string name in new[] { "base.raw", "template.qcow2" })
        {
            Assert.Contains("Permission denied", await WriteAsync(clone, request, name), StringComparison.Ordinal);
        }
        Assert.DoesNotContain("Permission denied", await WriteAsync(clone, request, "disk0"), StringComparison.Ordinal);
        await clone.StopAsync(CancellationToken.None);
        BootRequest raw = await pool.PrepareAsync("ci-2");
        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => template.CloneAsync(raw, CancellationToken.None));
        Assert.EndsWith($"{raw.Disks[0].Path} is a raw disk of 8388608 bytes, but the same disk of its template was a qcow2 disk of 8388608 bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clone_that_is_another_machine_is_refused_before_anything_is_started()
    {
        await using var pool = new TestPool();
        using IMachineTemplate template = await pool.CreateTemplateAsync();
        BootRequest request = await pool.PrepareAsync("ci-1");
        string longer = Path.Combine(request.Directory, "longer.raw");
        await HostCommand.RunAsync("truncate", ["-s", "9M", longer]);

        foreach ((MachineRequest other, string why) in new (MachineRequest, string)[]
        {
            (request with { Cpus = 3 }, "its template has 2 CPUs, 64 MiB and no virtio console, not 3 CPUs, 64 MiB and no virtio console"),
            (request with { MemoryMb = 128 }, "not 2 CPUs, 128 MiB and no virtio console"),
            (request with { VirtioConsole = true }, "and a virtio console"),
            (request with { Disks = [request.Disks[0]] }, "its template has 2 disks, not 1"),
            (request with { Disks = [new VmDisk(longer, "raw", ReadOnly: false), request.Disks[1]] },
                $"{longer} is a raw disk of 9437184 bytes, but the same disk of its template was a raw disk of 8388608 bytes"),
            (request with { Disks = [request.Disks[0], request.Disks[1] with { ReadOnly = false }] }, "was a read-only raw disk of 65536 bytes"),
        })
        {
            HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => template.CloneAsync(other, CancellationToken.None));
            Assert.Contains(why, error.Message, StringComparison.Ordinal);
        }
        Assert.False(File.Exists(Path.Combine(request.Directory, "calls")));
    }

    [Fact]
    public async Task A_template_that_is_no_longer_what_it_was_is_not_opened()
    {
        await using var pool = new TestPool();
        (await pool.CreateTemplateAsync()).Dispose();
        string memory = Path.Combine(pool.TemplateDirectory, "memory");
        string record = Path.Combine(pool.TemplateDirectory, "machine.json");
        string original = await File.ReadAllTextAsync(record);

        await RefusedAsync("it was made with cloud-hypervisor v52.9, but v53.0 is installed", () => Replace("v53.0", "v52.9"));
        await RefusedAsync("it was made on another processor", () => Replace("\"processor\": \"", "\"processor\": \"x"));
        await RefusedAsync("config.json describes another machine: CPUs should be (4, 4), but it says (2, 2)", () => Replace("\"cpus\": 2", "\"cpus\": 4"));
        await RefusedAsync("machine.json cannot be read", () => File.WriteAllText(record, "{"));
        await RefusedAsync("can be written by others than root", () => File.SetUnixFileMode(memory, UnixFileMode.UserRead | UnixFileMode.OtherWrite));
        await RefusedAsync("can be written by others than root", () => FileOwner.Set(memory, TestSlot.UserId, TestSlot.UserId, TemplateMemory.SavedMode));
        await RefusedAsync("its memory has 67108863 bytes, not 67108864", () =>
        {
            using FileStream file = File.OpenWrite(memory);
            file.SetLength((64 << 20) - 1);
        });
        await RefusedAsync("is no complete template: it has no file state.json", () => File.Delete(Path.Combine(pool.TemplateDirectory, "state.json")));

        void Replace(string from, string to) => File.WriteAllText(record, original.Replace(from, to, StringComparison.Ordinal));

        async Task RefusedAsync(string why, Action change)
        {
            change();
            HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => pool.Hypervisor.OpenTemplateAsync(pool.TemplateDirectory, CancellationToken.None));
            Assert.Contains(why, error.Message, StringComparison.Ordinal);
            Assert.Contains(pool.TemplateDirectory, error.Message, StringComparison.Ordinal);
            await File.WriteAllTextAsync(record, original);
            FileOwner.Set(memory, 0, 0, TemplateMemory.SavedMode);
        }
    }

    [Fact]
    public async Task A_restore_that_fails_is_told_in_the_words_of_the_hypervisor()
    {
        await using var pool = new TestPool();
        using IMachineTemplate template = await pool.CreateTemplateAsync();
        BootRequest request = await pool.PrepareAsync("ci-1");
        TestPool.Spoil(request, "vm.restore", new
        {
            status = 500,
            body = """["Error from API","The VM could not be restored","Failed to create shared file","Permission denied (os error 13)"]""",
        });

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => template.CloneAsync(request, CancellationToken.None));

        Assert.Contains("vm.restore was answered with 500: Error from API: The VM could not be restored: Failed to create shared file: Permission denied (os error 13)",
            error.Message, StringComparison.Ordinal);
        Assert.Empty(TestPool.Processes(request.NetworkNamespace));
    }

    [Fact]
    public async Task A_process_that_dies_while_it_restores_is_told_with_its_code()
    {
        await using var pool = new TestPool();
        using IMachineTemplate template = await pool.CreateTemplateAsync();
        BootRequest request = await pool.PrepareAsync("ci-1");
        TestPool.Spoil(request, "vm.restore", new { exit = 1, stderr = "Error restoring VM" });

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => template.CloneAsync(request, CancellationToken.None));

        Assert.Matches(@"exited with code 1 after \d+\.\d s; last output: Error restoring VM$", error.Message);
        Assert.Equal(2, TestPool.Calls(request).Length);
    }

    [Theory]
    [InlineData("vm.pause", 500, """["Error from API","The VM could not be paused"]""", "vm.pause was answered with 500")]
    [InlineData("vm.snapshot", 500, """["Error from API","Could not get vCPU state"]""", "Could not get vCPU state")]
    [InlineData("vm.snapshot", 204, null, "cloud-hypervisor has saved no state.json")]
    public async Task A_template_that_cannot_be_saved_says_why_and_leaves_nothing_that_looks_like_one(string call, int status, string? body, string why)
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("template-1");
        TestPool.Spoil(request, call, body is null ? (object)new { status } : new { status, body });
        IVirtualMachine machine = await pool.Hypervisor.StartTemplateAsync(request, pool.TemplateDirectory, CancellationToken.None);

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => pool.Hypervisor.SaveTemplateAsync(machine, pool.TemplateDirectory, CancellationToken.None));

        Assert.StartsWith($"cannot save template-1 as template {pool.TemplateDirectory}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.Equal(["memory"], Directory.EnumerateFileSystemEntries(pool.TemplateDirectory).Select(Path.GetFileName));
        await machine.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_template_whose_saving_hangs_is_given_up_at_the_deadline_or_when_the_caller_says_so()
    {
        await using var pool = new TestPool(TimeSpan.FromSeconds(3));
        BootRequest request = await pool.PrepareAsync("template-1");
        TestPool.Spoil(request, "vm.snapshot", new { hang = true });
        IVirtualMachine machine = await pool.Hypervisor.StartTemplateAsync(request, pool.TemplateDirectory, CancellationToken.None);

        using var given = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pool.Hypervisor.SaveTemplateAsync(machine, pool.TemplateDirectory, given.Token).WaitAsync(Long));
        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => pool.Hypervisor.SaveTemplateAsync(machine, pool.TemplateDirectory, CancellationToken.None).WaitAsync(Long));

        Assert.Contains(": it took longer than 3 s; last output: ", error.Message, StringComparison.Ordinal);
        await machine.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Memory_that_was_copied_instead_of_left_in_its_file_makes_no_template()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("template-1");
        IVirtualMachine machine = await pool.Hypervisor.StartTemplateAsync(request, pool.TemplateDirectory, CancellationToken.None);
        await File.WriteAllTextAsync(Path.Combine(request.Directory, "snapshot", "memory-ranges"), "");

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => pool.Hypervisor.SaveTemplateAsync(machine, pool.TemplateDirectory, CancellationToken.None));

        Assert.Contains("has copied the guest's memory instead of leaving it in its file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public Task A_saved_file_that_is_far_too_long_is_not_read() => AssertStateRefusedAsync(
        state => HostCommand.RunAsync("truncate", ["-s", "65M", state]), "state.json has 68157440 bytes, more than any state of ours");

    [Fact]
    public Task A_link_in_the_place_of_a_saved_file_is_not_followed() => AssertStateRefusedAsync(
        state => Task.FromResult(File.CreateSymbolicLink(state, "/etc/shadow")), "Too many levels of symbolic links");

    // The machine's process says that it has saved itself, and something else lies in the state's place.
    private static async Task AssertStateRefusedAsync(Func<string, Task> place, string fault)
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("template-1");
        TestPool.Spoil(request, "vm.snapshot", new { status = 204 });
        IVirtualMachine machine = await pool.Hypervisor.StartTemplateAsync(request, pool.TemplateDirectory, CancellationToken.None);
        await place(Path.Combine(request.Directory, "snapshot", "state.json"));

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => pool.Hypervisor.SaveTemplateAsync(machine, pool.TemplateDirectory, CancellationToken.None));

        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_template_that_does_not_start_leaves_no_memory()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("template-1");
        TestPool.Spoil(request, "vm.boot", new { exit = 1 });

        await Assert.ThrowsAsync<HypervisorException>(() => pool.Hypervisor.StartTemplateAsync(request, pool.TemplateDirectory, CancellationToken.None));

        Assert.Empty(Directory.EnumerateFileSystemEntries(pool.TemplateDirectory));
    }

    [Fact]
    public async Task A_machine_that_was_not_started_as_a_template_cannot_be_saved()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1");
        IVirtualMachine machine = await pool.Hypervisor.BootAsync(request, CancellationToken.None);

        await Assert.ThrowsAsync<ArgumentException>(() => pool.Hypervisor.SaveTemplateAsync(machine, pool.TemplateDirectory, CancellationToken.None));

        await machine.StopAsync(CancellationToken.None);
    }

    // As the machine's user, where its process sees the file.
    private static async Task<string> WriteAsync(IVirtualMachine machine, MachineRequest request, string name) => (await HostCommand.RunAsync("nsenter",
        ["--target", $"{machine.Process.Pid}", "--mount", "setpriv", "--reuid", $"{request.UserId}", "--regid", $"{request.UserId}", "--clear-groups",
            "dd", "if=/dev/zero", $"of={MachineView.Image}/{name}", "bs=1", "count=1", "conv=notrunc"],
        new HostCommandOptions { AcceptedExitCodes = [0, 1] })).Error;

    private static string Checksum(TestPool pool) => string.Join('\n', Directory.EnumerateFiles(pool.TemplateDirectory).Order()
        .Select(path => $"{path} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))}"));
}
