using LinuxHost;
using Microsoft.Extensions.Logging.Abstractions;
using VmPool.Images;
using VmPool.Options;

namespace VmPool.Tests.Images;

public sealed class PrebuildTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vmpool-prebuild-");
    private readonly FakeHypervisor _hypervisor = new();

    public PrebuildTests() => File.WriteAllText(Path.Combine(_root.FullName, "sources.list"), "deb http://mirror.example/debian bookworm main\n");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task A_failing_command_is_named_with_exit_code_its_own_last_lines_and_the_way_out()
    {
        _hypervisor.Output = "== command 1\nfine\n== command 2\n" + string.Concat(Enumerable.Range(1, 30).Select(i => $"line {i}\n"));
        _hypervisor.Result = """{"state":"failed","command":2,"code":3}""";

        string message = await FailAsync("echo fine", "make bad");

        Assert.Contains("vm_prebuild_cloudinit_extra_cmds[1] `make bad` failed with exit code 3", message, StringComparison.Ordinal);
        Assert.Contains("|| true", message, StringComparison.Ordinal);
        Assert.Contains("line 11 | line 12", message, StringComparison.Ordinal);
        Assert.DoesNotContain("line 10 ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("fine", message.Split("last output")[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_that_ends_early_is_an_error_with_its_console()
    {
        _hypervisor.Result = "";

        string message = await FailAsync("true");

        Assert.Contains("ended (exit code 0) while booting", message, StringComparison.Ordinal);
        Assert.Contains("console tail", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_output_is_in_the_log()
    {
        _hypervisor.Output = "== command 1\nReading lists\rDone ü\nno end of line";
        await using ImageStore store = Store("true");

        await store.CurrentAsync(CancellationToken.None);

        string log = await File.ReadAllTextAsync(Directory.GetFiles(Path.Combine(_root.FullName, "images", "logs")).Single());
        Assert.Contains("command 1 of 1: true", log, StringComparison.Ordinal);
        Assert.Contains(" Reading lists\n", log, StringComparison.Ordinal);
        Assert.Contains(" Done ü\n", log, StringComparison.Ordinal);
        Assert.Contains(" no end of line\n", log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "done", "one two", "x=one", "echo \"$x two\"")]
    [InlineData(7, "more", "first", "echo first", "(exit 7)", "echo never")]
    [InlineData(0, "more", "first", "echo first; exit 0", "echo never")]
    public async Task The_commands_share_one_shell_and_stop_at_the_first_failure(int code, string step, string output, params string[] commands)
    {
        await using (ImageStore store = Store(commands))
        {
            await store.CurrentAsync(CancellationToken.None);
        }
        string run = _root.CreateSubdirectory("run").FullName;
        string script = _hypervisor.Script().Replace("/run/vmpool", run, StringComparison.Ordinal);

        HostCommandResult result = await HostCommand.RunAsync(
            "sh", ["-s"], new HostCommandOptions { Input = script, AcceptedExitCodes = [0, 7] });

        Assert.Equal(code, result.ExitCode);
        Assert.Equal(step, (await File.ReadAllTextAsync(Path.Combine(run, "step"))).Trim());
        Assert.Equal(output, string.Join(' ', result.Output.Split('\n').Where(line => line.Length > 0 && !line.StartsWith("==", StringComparison.Ordinal))));
    }

    private async Task<string> FailAsync(params string[] commands)
    {
        await using ImageStore store = Store(commands);
        return (await Assert.ThrowsAsync<ImageBuildException>(() => store.CurrentAsync(CancellationToken.None))).Message;
    }

    private ImageStore Store(params string[] commands) => new(
        new GroupOptions { Name = "group", DiskDirectory = _root.FullName, Image = new ImageOptions { PrebuildCommands = commands } },
        _hypervisor, new FakeSlotPool(), TimeProvider.System, NullLogger<ImageStore>.Instance, new FakeRootDiskBuilder(), _root.FullName);
}
