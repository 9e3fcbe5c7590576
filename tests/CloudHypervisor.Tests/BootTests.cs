using System.Globalization;
using LinuxHost;
using MachineFixtures;
using Microsoft.Extensions.Logging.Abstractions;
using VmmProcess;
using VmPool;
using VmPool.Ports;

namespace CloudHypervisor.Tests;

/// <summary>Machines that boot, with a stand-in for Cloud Hypervisor in real slots.</summary>
public sealed class BootTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_machine_boots_in_two_calls_answers_and_stops()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1");

        IVirtualMachine machine = await pool.Hypervisor.BootAsync(request, CancellationToken.None);

        Assert.Equal(
            ["start --api-socket fd=3 --event-monitor fd=4 --seccomp true", "PUT vm.create {\"payload\":", "PUT vm.boot"],
            TestPool.Calls(request).Select(line => line.StartsWith("PUT vm.create", StringComparison.Ordinal) ? line[..25] : line));
        Assert.True(await machine.IsAliveAsync(CancellationToken.None));
        Assert.Contains("serial console:\nhello from the guest", machine.ReadLastOutput(), StringComparison.Ordinal);
        string mounts = await File.ReadAllTextAsync("/proc/self/mountinfo");
        Assert.DoesNotContain(MachineView.Root, mounts, StringComparison.Ordinal);
        await machine.StopAsync(new CancellationToken(canceled: true));
        await machine.StopAsync(CancellationToken.None);
        Assert.Equal(137, (await machine.Exited).ExitCode);
        Assert.False(await machine.IsAliveAsync(CancellationToken.None));
        Assert.Empty(TestPool.Processes(request.NetworkNamespace));
    }

    [Fact]
    public async Task An_overlay_is_refused_by_a_version_that_could_lose_what_is_written_to_it()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1", Overlays.BootedAsync);

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => pool.Hypervisor.BootAsync(request, CancellationToken.None));

        Assert.Equal($"the disk {request.Disks[0].Path} is a qcow2 file; cloud-hypervisor 53.0 gets raw disks only", error.Message);
        await Assert.ThrowsAsync<HypervisorException>(() => pool.Hypervisor.StartTemplateAsync(request, pool.TemplateDirectory, CancellationToken.None));
        Assert.False(File.Exists(Path.Combine(request.Directory, "calls")));
    }

    [Fact]
    public async Task The_process_has_no_privileges_its_own_devices_and_only_what_it_needs_to_see()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1");
        IVirtualMachine machine = await pool.Hypervisor.BootAsync(request, CancellationToken.None);

        int pid = machine.Process.Pid;
        Dictionary<string, string> status = (await File.ReadAllLinesAsync($"/proc/{pid}/status"))
            .Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1].Trim());
        Assert.Equal(string.Join('\t', Enumerable.Repeat(TestSlot.UserId, 4)), status["Uid"]);
        Assert.Equal("1", status["NoNewPrivs"]);
        foreach (string set in new[] { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" })
        {
            Assert.Equal("0000000000000000", status[set]);
        }
        Assert.Equal("", status["Groups"]);
        Assert.Equal("0077", status["Umask"]);
        string[] limits = await File.ReadAllLinesAsync($"/proc/{pid}/limits");
        // A core file would hold the guest's memory; a console must not fill the disk while nobody watches it.
        Assert.Matches(@"\s0\s+0\s+bytes", Assert.Single(limits, line => line.StartsWith("Max core file size", StringComparison.Ordinal)));
        Assert.Matches($@"\s{(1L << 30) + (64 << 20)}\s+\d+\s+bytes", Assert.Single(limits, line => line.StartsWith("Max file size", StringComparison.Ordinal)));
        string seen = $"/proc/{pid}/root";
        Assert.Equal(["disk0", "disk1", "initrd", "kernel"], Directory.EnumerateFiles($"{seen}{MachineView.Image}").Select(Path.GetFileName).Order());
        Assert.Equal(
            new[] { DeviceNode.Kvm, DeviceNode.Tun }.Where(device => File.Exists(device.Path)).Select(device => Path.GetFileName(device.Path)),
            Directory.EnumerateFileSystemEntries($"{seen}{MachineView.Root}/dev").Select(Path.GetFileName).Order());
        Assert.Equal($"{TestSlot.UserId} 600", (await HostCommand.RunAsync("stat", ["-c", "%u %a", $"{seen}/dev/net/tun"])).Output.Trim());
        Assert.NotEqual($"{TestSlot.UserId} 600", (await HostCommand.RunAsync("stat", ["-c", "%u %a", "/dev/net/tun"])).Output.Trim());
        Assert.Equal(["0", "1", "2", "3", "4"], Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Select(Path.GetFileName).Order().Take(5));
        await machine.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task What_is_wrong_with_a_machine_is_told_in_the_words_of_the_hypervisor()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1");
        TestPool.Spoil(request, "vm.boot", new { status = 500, body = """["Error from API","The VM could not boot","Cannot open kernel file"]""", stderr = "last words" });

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => pool.Hypervisor.BootAsync(request, CancellationToken.None));

        Assert.Matches(
            @"^cannot start instance ci-1: \S+/cloud-hypervisor \(pid \d+\): vm.boot was answered with 500: Error from API: The VM could not boot: Cannot open kernel file; last output: last words$",
            error.Message);
        Assert.Empty(TestPool.Processes(request.NetworkNamespace));
    }

    [Theory]
    [InlineData("start")]
    [InlineData("vm.create")]
    [InlineData("vm.boot")]
    public async Task A_process_that_ends_early_is_told_with_its_code_and_last_words(string at)
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1");
        // A violation of its own system call filter, for example.
        TestPool.Spoil(request, at, new { exit = 159, stderr = "Possible seccomp violation" });

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => pool.Hypervisor.BootAsync(request, CancellationToken.None));

        Assert.Matches(@"^cannot start instance ci-1: \S+ \(pid \d+\) exited with code 159 after \d+\.\d s; last output: Possible seccomp violation$", error.Message);
    }

    [Theory]
    [InlineData("start", "did not answer vm.create within")]
    [InlineData("vm.boot", "did not answer vm.boot within")]
    public async Task A_process_that_hangs_is_ended_at_the_deadline(string at, string what)
    {
        await using var pool = new TestPool(TimeSpan.FromSeconds(3));
        BootRequest request = await pool.PrepareAsync("ci-1");
        TestPool.Spoil(request, at, new { hang = true });

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => pool.Hypervisor.BootAsync(request, CancellationToken.None));

        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        Assert.Empty(TestPool.Processes(request.NetworkNamespace));
    }

    [Fact]
    public async Task A_cancelled_start_leaves_no_process()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1");
        TestPool.Spoil(request, "vm.boot", new { hang = true });
        using var cancelled = new CancellationTokenSource();
        await pool.Hypervisor.ProbeAsync(CancellationToken.None);
        Task<IVirtualMachine> start = pool.Hypervisor.BootAsync(request, cancelled.Token);
        while (!File.Exists(Path.Combine(request.Directory, "calls")))
        {
            await Task.Delay(10);
        }
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);

        Assert.Empty(TestPool.Processes(request.NetworkNamespace));
    }

    [Fact]
    public async Task A_guest_that_restarts_ends_its_machine()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1");
        TestPool.Spoil(request, "vm.boot", new { @event = "rebooting" });

        IVirtualMachine machine = await pool.Hypervisor.BootAsync(request, CancellationToken.None);
        VmExit exit = await machine.Exited.WaitAsync(Long);

        Assert.Equal(137, exit.ExitCode);
        Assert.StartsWith("the guest has restarted, which ends its machine\n", exit.LastOutput, StringComparison.Ordinal);
        Assert.False(await machine.IsAliveAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_guest_that_powers_off_is_a_machine_that_ended_by_itself()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1");
        TestPool.Spoil(request, "vm.info", new { exit = 0 });
        IVirtualMachine machine = await pool.Hypervisor.BootAsync(request, CancellationToken.None);

        Assert.False(await machine.IsAliveAsync(CancellationToken.None));

        Assert.Equal(0, (await machine.Exited.WaitAsync(Long)).ExitCode);
    }

    [Fact]
    public async Task A_paused_or_refusing_machine_is_not_alive()
    {
        await using var pool = new TestPool();
        foreach ((string id, object fault) in new (string, object)[]
        {
            ("ci-1", new { status = 200, body = """{"state":"Paused"}""" }),
            ("ci-2", new { status = 200, body = "{}" }),
            ("ci-3", new { status = 500, body = """["API response receive error"]""" }),
        })
        {
            BootRequest request = await pool.PrepareAsync(id);
            TestPool.Spoil(request, "vm.info", fault);
            IVirtualMachine machine = await pool.Hypervisor.BootAsync(request, CancellationToken.None);

            Assert.False(await machine.IsAliveAsync(CancellationToken.None));

            await machine.StopAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_machine_that_is_slow_to_answer_is_alive_for_a_while()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1");
        TestPool.Spoil(request, "vm.info", new { hang = true });
        IVirtualMachine machine = await pool.Hypervisor.BootAsync(request, CancellationToken.None);

        Assert.True(await machine.IsAliveAsync(CancellationToken.None));

        await machine.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_machine_outlives_the_process_that_started_it_and_its_successor_hears_of_its_restart()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1");
        TestPool.Spoil(request, "vm.info", new { status = 200, body = """{"state":"Running"}""", @event = "rebooting" });
        var view = new MachineView(request.Directory);
        VmConfigBuilder.ShowDisks(request, view);
        // Started without ever speaking to it, as a plugin does that is killed right after the start.
        (StartedProcess started, Stream events) = await new CloudStart(pool.Program, Long, TimeProvider.System, NullLogger.Instance).LaunchAsync(request, view);
        await started.Control.DisposeAsync();
        await events.DisposeAsync();
        var successor = new CloudHypervisorDriver(new CloudHypervisorSettings(), TimeProvider.System, NullLogger<CloudHypervisorDriver>.Instance);

        IVirtualMachine? machine = await successor.AdoptAsync(started.Process.Identity, request.Directory, CancellationToken.None);

        Assert.Equal(started.Process.Identity, machine!.Process);
        Assert.True(await machine.IsAliveAsync(CancellationToken.None));
        VmExit exit = await machine.Exited.WaitAsync(Long);
        Assert.Equal("the guest has restarted, which ends its machine", exit.LastOutput);
        Assert.Null(await successor.AdoptAsync(started.Process.Identity, request.Directory, CancellationToken.None));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_machine_without_a_pipe_for_its_events_is_adopted_all_the_same(bool planted)
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1");
        IVirtualMachine machine = await pool.Hypervisor.BootAsync(request, CancellationToken.None);
        Assert.True(CloudHypervisorDriver.Owns(request.Directory));
        string pipe = Path.Combine(request.Directory, MachineFiles.Events);
        File.Delete(pipe);
        if (planted)
        {
            await File.WriteAllTextAsync(pipe, "no pipe");
        }

        IVirtualMachine? adopted = await pool.Hypervisor.AdoptAsync(machine.Process, request.Directory, CancellationToken.None);

        Assert.Equal(machine.Process, adopted!.Process);
        await adopted.StopAsync(CancellationToken.None);
        await adopted.Exited.WaitAsync(Long);
    }

    [Fact]
    public void A_directory_without_an_API_socket_is_no_machine_of_this_driver()
    {
        using var directory = new TestDirectory();

        Assert.False(CloudHypervisorDriver.Owns(directory.Path));
    }

    [Fact]
    public async Task A_long_console_keeps_its_length_and_gives_its_room_back()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1");
        IVirtualMachine machine = await pool.Hypervisor.BootAsync(request, CancellationToken.None);
        string console = Path.Combine(request.Directory, ConsoleFiles.Serial);

        // Cloud Hypervisor goes on at its own position, so a shorter file would only get a hole in front.
        await File.WriteAllTextAsync(console, new string('x', 3 * GuestLog.MaximumBytes));

        using var patience = new CancellationTokenSource(Long);
        while (long.Parse((await HostCommand.RunAsync("stat", ["-c", "%b", console])).Output, CultureInfo.InvariantCulture) * 512 > GuestLog.MaximumBytes)
        {
            await Task.Delay(20, patience.Token);
        }
        Assert.Equal(3 * GuestLog.MaximumBytes, new FileInfo(console).Length);
        await machine.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_missing_kernel_is_named_before_anything_is_started()
    {
        await using var pool = new TestPool();
        BootRequest request = await pool.PrepareAsync("ci-1");
        File.Delete(request.KernelPath);

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => pool.Hypervisor.BootAsync(request, CancellationToken.None));

        Assert.Equal($"cannot start instance ci-1: its kernel {request.KernelPath} does not exist", error.Message);
        Assert.False(File.Exists(Path.Combine(request.Directory, "calls")));
    }
}
