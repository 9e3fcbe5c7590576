using System.Globalization;

namespace LinuxHost.Tests.Processes;

public sealed class ChildProcessTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Kill_ends_a_child_that_ignores_every_other_signal_and_may_be_repeated()
    {
        ChildProcess child = Start("trap '' TERM INT HUP; echo ready; while :; do sleep 0.05; done");
        await Eventually.TrueAsync(() => File.ReadAllText(Output).Length > 0, "the child is ready");
        child.Signal(15);
        child.Kill();
        Assert.Equal(137, await child.Exited.WaitAsync(Eventually.Deadline));
        child.Kill();
        Assert.Null(ProcessTable.Identify(child.Identity.Pid));
    }

    [Fact]
    public async Task A_watched_stranger_is_seen_to_end_without_a_code()
    {
        // The shell leaves its child behind, which init or a subreaper adopts: it is not ours.
        await Start("sleep 300 >/dev/null 2>&1 & echo $!").Exited.WaitAsync(Eventually.Deadline);
        int pid = int.Parse(await File.ReadAllTextAsync(Output), CultureInfo.InvariantCulture);
        ChildProcess? stranger = ChildProcess.Watch(ProcessTable.Identify(pid)!.Value);
        Assert.NotNull(stranger);
        Assert.False(stranger.Exited.IsCompleted);
        stranger.Kill();
        Assert.Null(await stranger.Exited.WaitAsync(Eventually.Deadline));
    }

    [Fact]
    public async Task A_pid_with_another_start_time_is_not_watched()
    {
        ChildProcess child = Start("exec sleep 300");
        Assert.Null(ChildProcess.Watch(child.Identity with { StartTicks = child.Identity.StartTicks + 1 }));
        Assert.NotNull(ChildProcess.Watch(child.Identity));
        child.Kill();
        await child.Exited.WaitAsync(Eventually.Deadline);
        Assert.Null(ChildProcess.Watch(child.Identity));
        Assert.Null(ChildProcess.Watch(new ProcessIdentity(0, 0)));
    }

    [Fact]
    public async Task Children_of_Spawn_and_of_HostCommand_keep_their_exit_codes_side_by_side()
    {
        async Task<int?> SpawnedAsync(int code) => await Start($"exit {code}").Exited;
        async Task<int?> CommandAsync(int code) => (await HostCommand.RunAsync(
            "sh", ["-c", $"exit {code}"], new HostCommandOptions { AcceptedExitCodes = [code] })).ExitCode;

        int[] codes = [.. Enumerable.Range(1, 100)];
        Task<int?[]> spawned = Task.WhenAll(codes.Select(code => Task.Run(() => SpawnedAsync(code))));
        Task<int?[]> commands = Task.WhenAll(codes.Select(code => Task.Run(() => CommandAsync(code))));
        Assert.Equal(codes.Select(code => (int?)code), await spawned.WaitAsync(Eventually.Deadline));
        Assert.Equal(codes.Select(code => (int?)code), await commands.WaitAsync(Eventually.Deadline));
    }

    [Fact]
    public async Task No_pidfd_stays_open_after_the_children_ended()
    {
        await Start("true").Exited.WaitAsync(Eventually.Deadline);
        ChildProcess[] children = [.. Enumerable.Range(0, 50).Select(_ => Start("exec sleep 300"))];
        HashSet<string> pidfds = [.. children.Select(child => child.Identity.Pid.ToString(CultureInfo.InvariantCulture))];
        Assert.Equal(50, OpenPidfds(pidfds));
        foreach (ChildProcess child in children)
        {
            child.Kill();
        }
        await Task.WhenAll(children.Select(child => child.Exited)).WaitAsync(Eventually.Deadline);
        // Closed before the end is reported; a later look would also pass by the work of a finalizer.
        Assert.Equal(0, OpenPidfds(pidfds));
    }

    private string Output => _directory.File("output");

    private static int OpenPidfds(HashSet<string> pids)
    {
        int count = 0;
        foreach (string path in Directory.EnumerateFiles("/proc/self/fdinfo"))
        {
            try
            {
                count += File.ReadLines(path).Any(line => line.StartsWith("Pid:", StringComparison.Ordinal) && pids.Contains(line[4..].Trim())) ? 1 : 0;
            }
            catch (IOException)
            {
                // Another test closed this descriptor meanwhile.
            }
        }
        return count;
    }

    private ChildProcess Start(string script) =>
        Spawn.Start(new SpawnRequest { Program = "sh", Arguments = ["-c", script], OutputPath = Output });
}
