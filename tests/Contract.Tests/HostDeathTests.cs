using System.Diagnostics;
using System.Text.Json;
using LinuxHost;

namespace Contract.Tests;

/// <summary>What becomes of a plugin whose host is killed without a chance to say goodbye.</summary>
[Collection(SharedGoHost.Name)]
public sealed class HostDeathTests(GoHost go)
{
    private static readonly TimeSpan s_mayLinger = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData("-automtls=false")]
    [InlineData("-automtls=true")]
    public Task Plugin_and_its_socket_are_gone_soon_after_the_host_was_killed(string mode) => DiesWithHostAsync(Repository.Plugin, mode);

    [Fact]
    public Task The_reference_plugin_dies_with_its_host_too() => DiesWithHostAsync(go.Reference, "-automtls=false");

    private async Task DiesWithHostAsync(string plugin, string mode)
    {
        using var group = new SimulatedGroup();
        var announced = new TaskCompletionSource<Announcement>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<HostCommandResult> hold = HostCommand.RunAsync(go.Host, ["hold", "-plugin", plugin, "-config", group.Config, mode], new HostCommandOptions
        {
            Timeout = TimeSpan.FromMinutes(2),
            AcceptedExitCodes = [128 + 9],
            Line = line => Announcement.Offer(line, announced),
        });
        await Task.WhenAny(announced.Task, hold);
        if (!announced.Task.IsCompleted)
        {
            await hold; // Ended before it announced anything: this throws with its error output.
        }
        Announcement running = await announced.Task;
        Assert.True(ProcessLives(running.PluginPid), $"the plugin (pid {running.PluginPid}) did not live in the first place");
        Assert.True(File.Exists(running.Socket), $"the socket {running.Socket} did not exist in the first place");

        using (Process host = Process.GetProcessById(running.HostPid))
        {
            host.Kill();
        }
        await hold;

        await UntilAsync(() => !ProcessLives(running.PluginPid), $"the plugin (pid {running.PluginPid}) still lives");
        await UntilAsync(() => !File.Exists(running.Socket), $"the socket {running.Socket} is still there");
        string directory = Path.GetDirectoryName(running.Socket)!;
        // A Go plugin puts its socket straight into /tmp; ours has a directory of its own, which must go with it.
        Assert.True(directory == Path.TrimEndingDirectorySeparator(Path.GetTempPath()) || !Directory.Exists(directory), $"{directory} is still there");
    }

    private static async Task UntilAsync(Func<bool> condition, string otherwise)
    {
        long begin = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(begin) < s_mayLinger, $"{otherwise} after {s_mayLinger.TotalSeconds} s");
            await Task.Delay(50);
        }
    }

    // An orphan that nobody has reaped yet is a zombie: its memory, sockets and descriptors are gone.
    private static bool ProcessLives(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..][0] != 'Z';
        }
        catch (IOException)
        {
            return false; // The entry vanished: the process is gone and reaped.
        }
    }

    private sealed record Announcement(int HostPid, int PluginPid, string Socket)
    {
        private static readonly JsonSerializerOptions s_names = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

        public static void Offer(string line, TaskCompletionSource<Announcement> into)
        {
            if (line.StartsWith('{'))
            {
                into.TrySetResult(JsonSerializer.Deserialize<Announcement>(line, s_names)!);
            }
        }
    }
}
