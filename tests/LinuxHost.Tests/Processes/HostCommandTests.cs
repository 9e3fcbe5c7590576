using System.Globalization;

namespace LinuxHost.Tests.Processes;

public sealed class HostCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Output_error_and_input_pass_through()
    {
        var lines = new List<string>();
        HostCommandResult result = await HostCommand.RunAsync("sh", ["-c", "cat; echo problem >&2"], new HostCommandOptions
        {
            Input = "one\ntwo\n",
            Line = line =>
            {
                lock (lines)
                {
                    lines.Add(line);
                }
            },
        });
        Assert.Equal(new HostCommandResult(0, "one\ntwo\n", "problem\n"), result);
        Assert.Equal(["one", "problem", "two"], lines.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_failure_carries_command_code_and_last_output()
    {
        HostCommandException error = await Assert.ThrowsAsync<HostCommandException>(
            () => HostCommand.RunAsync("sh", ["-c", "echo disk is full >&2; exit 3"]));
        Assert.Equal(3, error.ExitCode);
        Assert.Contains("exited with code 3: disk is full", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_pipe_stays_open_after_the_program()
    {
        const int Runs = 60;
        int before = OpenPipes();
        for (int i = 0; i < Runs; i++)
        {
            await HostCommand.RunAsync("true", []);
        }
        // Two or three for each run, if they stayed; other tests have some for a moment.
        Assert.True(OpenPipes() - before < Runs, $"{OpenPipes()} pipes are open, {before} were before {Runs} runs");
    }

    [Fact]
    public async Task A_missing_program_is_named()
    {
        HostCommandException error = await Assert.ThrowsAsync<HostCommandException>(() => HostCommand.RunAsync("no-such-tool", ["x"]));
        Assert.Contains("`no-such-tool x` could not be started", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_misses_its_deadline_is_gone_with_its_children_when_the_call_returns()
    {
        string pids = _directory.File("pids");
        HostCommandException error = await Assert.ThrowsAsync<HostCommandException>(() => HostCommand.RunAsync(
            "sh", ["-c", "echo working >&2; sleep 300 & echo $$ $! > \"$1\"; wait", "sh", pids],
            new HostCommandOptions { Timeout = TimeSpan.FromSeconds(1) }));
        Assert.Contains("did not finish within 1 s: working", error.Message, StringComparison.Ordinal);
        string[] numbers = (await File.ReadAllTextAsync(pids)).Split(' ');
        // The program itself was reaped by us; its child is reaped by whoever inherits orphans, so a zombie is possible for a moment.
        Assert.Null(ProcessTable.Identify(int.Parse(numbers[0], CultureInfo.InvariantCulture)));
        Assert.Null(ProcessTable.NetworkNamespaceOf(int.Parse(numbers[1], CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task Cancelling_kills_the_program_and_is_reported_as_cancellation()
    {
        using var cancel = new CancellationTokenSource();
        string pidFile = _directory.File("pid");
        Task run = HostCommand.RunAsync("sh", ["-c", "echo $$ > \"$1\"; exec sleep 300", "sh", pidFile], cancellationToken: cancel.Token);
        await Eventually.TrueAsync(() => File.Exists(pidFile) && File.ReadAllText(pidFile).EndsWith('\n'), "the program runs");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Null(ProcessTable.Identify(int.Parse(await File.ReadAllTextAsync(pidFile), CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task The_environment_is_clean()
    {
        Environment.SetEnvironmentVariable("PLUGIN_TEST_SECRET", "leaked");
        HostCommandResult result = await HostCommand.RunAsync("env", []);
        Assert.Equal(["HOME", "LC_ALL", "PATH"],
            result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=')[0]).Order(StringComparer.Ordinal));
    }

    private static int OpenPipes() => Directory.GetFiles("/proc/self/fd").Count(path => new FileInfo(path).LinkTarget?.StartsWith("pipe:", StringComparison.Ordinal) == true);
}
