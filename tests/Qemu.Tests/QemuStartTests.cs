using MachineFixtures;
using Microsoft.Extensions.Logging.Abstractions;
using VmmProcess;
using VmPool;

namespace Qemu.Tests;

/// <summary>Start and stop against a stand-in for QEMU that is slow, deaf or dying.</summary>
public sealed class QemuStartTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_process_that_is_late_to_answer_is_waited_for()
    {
        using var directory = new TestDirectory();
        QemuMachine machine = await StartAsync(directory, Long, "--control", "3", "--delay-ms", "400");

        Assert.True(await machine.IsAliveAsync(CancellationToken.None));
        await machine.StopAsync(CancellationToken.None);

        Assert.Equal(137, (await machine.Exited).ExitCode);
        Assert.False(await machine.IsAliveAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_process_that_ends_early_is_reported_with_its_code_and_last_output()
    {
        using var directory = new TestDirectory();

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => StartAsync(directory, Long, "--stderr", "no such machine type", "--exit", "3"));

        Assert.Matches(@"^cannot start instance ci-1: stub-hypervisor \(pid \d+\) exited with code 3 after \d+\.\d s; last output: no such machine type$", error.Message);
    }

    [Fact]
    public async Task A_process_that_never_answers_is_ended_at_the_deadline()
    {
        using var directory = new TestDirectory();

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => StartAsync(directory, TimeSpan.FromSeconds(1), "--stderr", "hello"));

        Assert.Contains("did not answer on its control socket within", error.Message, StringComparison.Ordinal);
        Assert.Empty(directory.FindProcesses());
    }

    [Fact]
    public async Task A_guest_that_does_not_run_is_not_handed_out()
    {
        using var directory = new TestDirectory();

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => StartAsync(directory, Long, "--control", "3", "--status", "internal-error"));

        Assert.Contains("the guest is not running but \"internal-error\"", error.Message, StringComparison.Ordinal);
        Assert.Empty(directory.FindProcesses());
    }

    [Fact]
    public async Task A_cancelled_start_leaves_no_process()
    {
        using var directory = new TestDirectory();
        using var cancelled = new CancellationTokenSource();
        Task<QemuMachine> start = new QemuStart("stub-hypervisor", Long, TimeProvider.System, NullLogger.Instance)
            .RunAsync(() => StubProcess.StartAsync(directory, []), "ci-1", directory.Path, QemuStart.RequireRunningAsync, cancelled.Token);
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);

        Assert.Empty(directory.FindProcesses());
    }

    [Fact]
    public async Task A_guest_that_never_comes_is_given_up_at_the_deadline()
    {
        using var directory = new TestDirectory();

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => StartAsync(directory, TimeSpan.FromSeconds(5), "--control", "3", "--deaf", "query-status"));

        Assert.Contains("answered, but its guest did not run within", error.Message, StringComparison.Ordinal);
        Assert.Empty(directory.FindProcesses());
    }

    [Fact]
    public async Task A_machine_can_be_stopped_twice_and_with_a_cancelled_token()
    {
        using var directory = new TestDirectory();
        QemuMachine machine = await StartAsync(directory, Long, "--control", "3");

        await machine.StopAsync(new CancellationToken(canceled: true));
        await machine.StopAsync(CancellationToken.None);

        Assert.Equal(137, (await machine.Exited).ExitCode);
    }

    [Fact]
    public async Task A_template_that_cannot_be_saved_in_time_leaves_no_state()
    {
        using var directory = new TestDirectory();
        QemuMachine machine = await StartAsync(directory, Long, "--control", "3", "--deaf", "migrate");
        string target = Directory.CreateDirectory(directory["template"]).FullName;

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(
            () => new TemplateSave(machine, target, TimeSpan.FromSeconds(2), TimeProvider.System).RunAsync(CancellationToken.None));

        Assert.Matches($"^cannot save ci-1 as template {target}: (it took longer than 2 s|.*did not answer `migrate` within 2 s); last output: ", error.Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(target));
        await machine.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_later_connection_finds_the_same_process()
    {
        using var directory = new TestDirectory();
        StartedProcess started = await StubProcess.StartAsync(directory, ["--control", "3"]);
        // It has taken the socket over when it answers.
        QmpConnection first = await QmpConnection.OpenAsync(started.Control, "ci-1", Long, TimeProvider.System, CancellationToken.None);
        await first.ExecuteAsync("query-status", null, Long, CancellationToken.None);
        await first.DisposeAsync();
        await using var link = new QmpLink(directory.Path, started.Process.Identity.Pid, "ci-1", TimeProvider.System);

        QmpConnection connection = await link.GetAsync(Long, CancellationToken.None);

        Assert.Equal("running", QmpStatus.Read(await connection.ExecuteAsync("query-status", null, Long, CancellationToken.None)));
        started.Process.Kill();
        await started.Process.Exited.WaitAsync(Long);
    }

    [Fact]
    public async Task A_socket_served_by_another_process_gets_no_command()
    {
        using var directory = new TestDirectory();
        using var other = new TestDirectory();
        QemuMachine stranger = await StartAsync(other, Long, "--control", "3");
        File.CreateSymbolicLink(directory[MachineFiles.Socket], other[MachineFiles.Socket]);
        await using var link = new QmpLink(directory.Path, Environment.ProcessId, "ci-1", TimeProvider.System);

        HypervisorException error = await Assert.ThrowsAsync<HypervisorException>(() => link.GetAsync(Long, CancellationToken.None));

        Assert.Contains($"is served by pid {stranger.Process.Pid}, not by the machine's process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
        await stranger.StopAsync(CancellationToken.None);
    }

    private static Task<QemuMachine> StartAsync(TestDirectory directory, TimeSpan deadline, params string[] arguments) =>
        new QemuStart("stub-hypervisor", deadline, TimeProvider.System, NullLogger.Instance)
            .RunAsync(() => StubProcess.StartAsync(directory, arguments), "ci-1", directory.Path, QemuStart.RequireRunningAsync, CancellationToken.None);
}
