using MachineFixtures;
using Microsoft.Extensions.Logging.Abstractions;
using VmPool;

namespace Qemu.Tests;

public sealed class AcceleratorProbeTests
{
    [Fact]
    public async Task The_test_guest_runs_to_its_end_where_the_accelerator_works() =>
        Assert.Null(await new KvmTest("qemu-system-x86_64", TimeSpan.FromSeconds(60)).RunAsync("tcg", CancellationToken.None));

    // What a KVM that emulates its guest's kernel lacks; the rest of the guest then still runs, now and then.
    [Fact]
    public async Task A_processor_that_cannot_exchange_16_bytes_at_once_does_not_pass()
    {
        using var directory = new TestDirectory();
        string program = Script(directory, "exec qemu-system-x86_64 \"$@\" -cpu max,cx16=off");

        string? failure = await new KvmTest(program, TimeSpan.FromSeconds(60)).RunAsync("tcg", CancellationToken.None);

        Assert.StartsWith("a test guest ended with code 0", failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_guest_that_hangs_is_recognised_at_the_deadline()
    {
        using var directory = new TestDirectory();
        string program = Script(directory, "exec sleep 300");

        string? failure = await new KvmTest(program, TimeSpan.FromSeconds(1)).RunAsync("kvm", CancellationToken.None);

        Assert.Equal("a test guest made no progress within 1 s", failure);
    }

    [Fact]
    public async Task A_qemu_that_aborts_is_quoted_without_its_warnings()
    {
        using var directory = new TestDirectory();
        string program = Script(directory, "echo 'qemu: warning: host lacks x' >&2; echo 'qemu: failed to set MSR' >&2; kill -ABRT $$");

        string? failure = await new KvmTest(program, TimeSpan.FromSeconds(20)).RunAsync("kvm", CancellationToken.None);

        Assert.Equal("a test guest ended with code 134: qemu: failed to set MSR", failure);
    }

    [Fact]
    public async Task A_qemu_that_ends_well_without_having_run_the_guest_is_not_believed()
    {
        using var directory = new TestDirectory();

        string? failure = await new KvmTest(Script(directory, "exit 0"), TimeSpan.FromSeconds(20)).RunAsync("kvm", CancellationToken.None);

        Assert.StartsWith("a test guest ended with code 0", failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_guest_is_no_file_that_a_killed_test_could_leave_behind()
    {
        using var directory = new TestDirectory();
        string program = Script(directory, $"for last; do :; done; echo \"$last\" >{directory["path"]}; cat \"$last\" >{directory["copy"]}");

        await new KvmTest(program, TimeSpan.FromSeconds(20)).RunAsync("kvm", CancellationToken.None);

        Assert.StartsWith("/proc/", await File.ReadAllTextAsync(directory["path"]), StringComparison.Ordinal);
        Assert.Equal(KvmTestGuest.Image.ToArray(), await File.ReadAllBytesAsync(directory["copy"]));
    }

    [Fact]
    public void An_outcome_that_cannot_be_written_leaves_no_part_of_itself()
    {
        using var directory = new TestDirectory();
        Directory.CreateDirectory(directory["cache"]);

        KvmVerdict verdict = new KvmVerdictFile(directory["cache"], TimeProvider.System, NullLogger.Instance).Record("7.2.22", null);

        Assert.Null(verdict.Failure);
        Assert.Equal([directory["cache"]], Directory.EnumerateFileSystemEntries(directory.Path));
    }

    [Fact]
    public async Task Without_a_usable_kvm_auto_takes_tcg_and_says_why_once()
    {
        using var directory = new TestDirectory();

        AcceleratorChoice choice = await Probe(directory, "auto", "exit 1").ChooseAsync("7.2.22", CancellationToken.None);

        Assert.Equal("tcg", choice.Name);
        Assert.StartsWith("KVM cannot be used on this host: ", choice.Warning, StringComparison.Ordinal);
        Assert.Contains("accel = \"tcg\"", choice.Warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_kvm_device_nothing_is_tried_and_the_warning_names_it()
    {
        using var directory = new TestDirectory();

        AcceleratorChoice choice = await Probe(directory, "auto", CountRun(directory, KvmTestGuest.SuccessCode), directory["kvm"])
            .ChooseAsync("7.2.22", CancellationToken.None);

        Assert.Equal("tcg", choice.Name);
        Assert.Contains($"{directory["kvm"]} does not exist", choice.Warning, StringComparison.Ordinal);
        Assert.False(File.Exists(directory["runs"]));
    }

    [Fact]
    public async Task Configured_kvm_that_cannot_be_used_is_an_error()
    {
        using var directory = new TestDirectory();

        HostRequirementException error = await Assert.ThrowsAsync<HostRequirementException>(
            () => Probe(directory, "kvm", "exit 1").ChooseAsync("7.2.22", CancellationToken.None));

        Assert.StartsWith("accel = \"kvm\" is configured, but KVM cannot be used on this host: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configured_tcg_is_taken_without_test_or_warning()
    {
        using var directory = new TestDirectory();

        AcceleratorChoice choice = await Probe(directory, "tcg", CountRun(directory, 1)).ChooseAsync("7.2.22", CancellationToken.None);

        Assert.Equal(new AcceleratorChoice("tcg", null), choice);
        Assert.False(File.Exists(directory["runs"]));
    }

    [Fact]
    public async Task A_kvm_that_runs_the_guest_is_taken()
    {
        using var directory = new TestDirectory();

        AcceleratorChoice choice = await Probe(directory, "auto", $"exit {KvmTestGuest.SuccessCode}").ChooseAsync("7.2.22", CancellationToken.None);

        Assert.Equal(new AcceleratorChoice("kvm", null), choice);
    }

    [Fact]
    public async Task The_outcome_is_remembered_across_processes_until_qemu_changes()
    {
        using var directory = new TestDirectory();
        string script = CountRun(directory, 1);

        AcceleratorChoice first = await Probe(directory, "auto", script).ChooseAsync("7.2.22", CancellationToken.None);
        AcceleratorChoice second = await Probe(directory, "auto", script).ChooseAsync("7.2.22", CancellationToken.None);
        Assert.Single(await File.ReadAllLinesAsync(directory["runs"]));
        Assert.Equal(first, second);

        await Probe(directory, "auto", script).ChooseAsync("10.0.2", CancellationToken.None);
        Assert.Equal(2, (await File.ReadAllLinesAsync(directory["runs"])).Length);
    }

    [Theory]
    [InlineData("\"boot_id\": \"", "\"boot_id\": \"another-")]
    [InlineData("\"modules\": \"", "\"modules\": \"another-")]
    [InlineData("\"guest\": \"", "\"guest\": \"another-")]
    [InlineData("{", "{ damaged")]
    public async Task What_was_remembered_of_another_boot_or_other_modules_or_another_guest_or_is_damaged_does_not_count(string text, string replacement)
    {
        using var directory = new TestDirectory();
        string script = CountRun(directory, 1);
        await Probe(directory, "auto", script).ChooseAsync("7.2.22", CancellationToken.None);
        string remembered = await File.ReadAllTextAsync(directory["cache"]);
        Assert.Contains(text, remembered, StringComparison.Ordinal);
        await File.WriteAllTextAsync(directory["cache"], remembered.Replace(text, replacement, StringComparison.Ordinal));

        AcceleratorChoice choice = await Probe(directory, "auto", script).ChooseAsync("7.2.22", CancellationToken.None);

        Assert.Equal(2, (await File.ReadAllLinesAsync(directory["runs"])).Length);
        Assert.Equal("tcg", choice.Name);
    }

    // The script stands for QEMU, so any file may stand for the device: not every machine that runs tests has one.
    private static AcceleratorProbe Probe(TestDirectory directory, string accelerator, string script, string device = "/dev/null") => new(
        new QemuSettings { Program = Script(directory, script), Accelerator = accelerator, ProbeCachePath = directory["cache"] },
        TimeProvider.System, NullLogger.Instance, device);

    private static string CountRun(TestDirectory directory, int code) => $"echo run >>{directory["runs"]}; exit {code}";

    private static string Script(TestDirectory directory, string body)
    {
        string path = directory["qemu"];
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
