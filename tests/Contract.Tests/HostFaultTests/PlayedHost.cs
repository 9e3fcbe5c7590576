using System.Globalization;
using System.Text.Json;
using LinuxHost;

namespace Contract.Tests.HostFaultTests;

/// <summary>
/// A host of the test's own: network and mount namespaces in which one thing after another can be broken, while the machine
/// around it keeps what it has. /run is empty there, so nothing that other plugins of the machine share is seen or touched.
/// <code>
///   eth0 192.0.2.2/24, default route to 192.0.2.1 (nobody there) and the resolver 192.0.2.53 (nobody either)
/// </code>
/// </summary>
internal sealed class PlayedHost : IAsyncDisposable
{
    /// <summary>Everything of the test lies below this directory, seen from inside.</summary>
    public const string Root = "/run/vmpool-test";

    /// <summary>The plugin, seen from inside.</summary>
    public static readonly string Plugin = $"{Root}/plugin/{Path.GetFileName(Repository.Plugin)}";

    /// <summary>The state directory that the group gets unless the test sets another.</summary>
    public const string State = Root + "/state";

    private const string ResolverFile = "/etc/resolv.conf";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly GoHost _go;
    private readonly string _directory = Directory.CreateTempSubdirectory("vmpool-played-").FullName;
    private ChildProcess _holder = null!;
    private HashSet<string> _inherited = [];
    private string _healthy = "";

    private PlayedHost(GoHost go) => _go = go;

    /// <summary>A directory of the real file system, seen at the same path from inside.</summary>
    public string Scratch => _directory;

    private int Pid => _holder.Identity.Pid;

    private string MountTable => $"/proc/{Pid}/mountinfo";

    public static async Task<PlayedHost> CreateAsync(GoHost go)
    {
        var host = new PlayedHost(go);
        try
        {
            await host.PrepareAsync();
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
        return host;
    }

    /// <summary>Runs a program inside; fails the test when it fails.</summary>
    public Task<HostCommandResult> RunAsync(string program, params string[] arguments) => RunAsync(program, arguments, null);

    /// <summary>Lines for `ip -batch`.</summary>
    public Task IpAsync(params string[] lines) => RunAsync("ip", ["-batch", "-"], string.Join('\n', lines) + "\n");

    /// <summary>A nftables script.</summary>
    public Task NftAsync(string script) => RunAsync("nft", ["-f", "-"], script);

    /// <summary>Writes a file of this world.</summary>
    public Task WriteAsync(string path, string content) => RunAsync("tee", [path], content);

    /// <summary>What the resolver configuration says from now on.</summary>
    public Task SetResolversAsync(params string[] addresses) =>
        WriteAsync(Root + "/resolv.conf", string.Concat(addresses.Select(address => $"nameserver {address}\n")));

    /// <summary>Makes programs look as if they were not installed: not executable for anybody, root included.</summary>
    public async Task HideAsync(params string[] programs)
    {
        await WriteAsync(Root + "/hidden", "");
        foreach (string program in programs)
        {
            await RunAsync("mount", "--bind", Root + "/hidden", ProgramPath.Find(program));
        }
    }

    /// <summary>
    /// Launches the plugin by the real Go host, which calls Init (and Increase) with the test's configuration on top of an
    /// ordinary one. Whatever the answer is, the plugin must leave this world as it found it.
    /// </summary>
    /// <param name="config">Replaces keys of the ordinary configuration.</param>
    /// <param name="flags">More flags of the Go host's command init.</param>
    /// <param name="wrapper">A program, with arguments, that executes the Go host with fewer rights.</param>
    public async Task<InitAnswer> InitAsync(Dictionary<string, object>? config = null, string[]? flags = null, string[]? wrapper = null)
    {
        string before = await DescribeAsync();
        HostCommandResult result = await HostCommand.RunAsync("nsenter", [.. Enter, .. wrapper ?? [], .. InitCommand(config), .. flags ?? []],
            new HostCommandOptions { Timeout = TimeSpan.FromMinutes(2) });
        InitAnswer answer = InitAnswer.Parse(result.Output);
        Assert.True(answer.Failure == "", $"{answer.Failure}\n{result.Error}");
        await AssertUnchangedAsync(before);
        return answer;
    }

    /// <summary>Starts the Go host, which keeps the group until the test kills it, once the plugin has logged all of the texts.</summary>
    /// <returns>The Go host, and the plugin's pid.</returns>
    public async Task<(ChildProcess Host, int PluginPid)> HoldAsync(Dictionary<string, object> config, params string[] until)
    {
        string output = Path.Combine(_directory, "hold.log");
        ChildProcess host = Start(output, [.. InitCommand(config), .. until.SelectMany(text => new[] { "-until", text }), "-hold", "100s", "-for", "100s"]);
        string? line = null;
        await UntilAsync(() => host.Exited.IsCompleted
            || (line = File.ReadAllLines(output).FirstOrDefault(text => text.Contains("\"plugin_pid\":", StringComparison.Ordinal) && text.EndsWith('}'))) is not null,
            "the first plugin holds its group");
        Assert.True(line is not null, $"the Go host ended: {await File.ReadAllTextAsync(output)}");
        using JsonDocument announcement = JsonDocument.Parse(line!);
        return (host, announcement.RootElement.GetProperty("plugin_pid").GetInt32());
    }

    /// <summary>Starts a program inside; the process is the program's own.</summary>
    public ChildProcess Start(string output, params string[] command) =>
        Spawn.Start(new SpawnRequest { Program = "nsenter", Arguments = [.. Enter, .. command], OutputPath = output });

    /// <summary>Waits until nothing but the test's own preparations is there.</summary>
    public Task AssertHealthyAgainAsync() => AssertUnchangedAsync(_healthy);

    public async ValueTask DisposeAsync()
    {
        if (_holder is not null)
        {
            // With the last process of it this world ends: links, rules, mounts, and what lies in /run.
            foreach (int pid in Inhabitants())
            {
                if (ProcessTable.Identify(pid) is { } identity && ChildProcess.Watch(identity) is { } stranger)
                {
                    stranger.Kill();
                    await stranger.Exited.WaitAsync(s_patience);
                }
            }
            _holder.Kill();
            await _holder.Exited.WaitAsync(s_patience);
        }
        Directory.Delete(_directory, recursive: true);
    }

    private string[] Enter => ["--target", Pid.ToString(CultureInfo.InvariantCulture), "--net", "--mount", "--"];

    private static string[] InitCommand(Dictionary<string, object>? changes)
    {
        var config = new Dictionary<string, object>
        {
            ["name"] = "fault",
            ["hypervisor"] = "qemu",
            ["accel"] = "tcg",
            ["vm_memory_mb"] = 512,
            ["state_directory"] = State,
            ["image.mirror"] = "http://192.0.2.80/debian",
        };
        foreach ((string key, object value) in changes ?? [])
        {
            config[key] = value;
        }
        return [Root + "/host/host", "init", "-plugin", Plugin, "-config", JsonSerializer.Serialize(config)];
    }

    private async Task PrepareAsync()
    {
        _holder = Spawn.Start(new SpawnRequest
        {
            Program = "unshare",
            Arguments = ["--net", "--mount", "--propagation", "private", "--", "sleep", "600"],
            OutputPath = Path.Combine(_directory, "holder.log"),
        });
        await UntilAsync(() => _holder.Exited.IsCompleted || File.ReadAllText($"/proc/{Pid}/comm").Trim() == "sleep", "the namespaces are made");
        Assert.False(_holder.Exited.IsCompleted, $"unshare failed: {await File.ReadAllTextAsync(Path.Combine(_directory, "holder.log"))}");
        // Copies of the machine's mounts: they may vanish with what others do there.
        _inherited = [.. File.ReadLines(MountTable)];
        await RunAsync("mount", "-t", "tmpfs", "-o", "mode=0755", "vmpool-test", "/run");
        await RunAsync("mkdir", "-p", Root + "/plugin", Root + "/host");
        // Seen here, the programs can be started by any user, wherever they lie.
        await RunAsync("mount", "--bind", Path.GetDirectoryName(Repository.Plugin)!, Root + "/plugin");
        await RunAsync("mount", "--bind", Path.GetDirectoryName(_go.Host)!, Root + "/host");
        await SetResolversAsync("192.0.2.53");
        await ShowResolversAsync();
        await IpAsync(
            "link set lo up", "link add eth0 type veth peer name far0", "link set far0 up",
            "address add 192.0.2.2/24 dev eth0", "link set eth0 up", "route add default via 192.0.2.1");
        // The first `ip netns add` makes /run/netns a mount of itself for good; that is iproute2's way and nobody's leak.
        await RunAsync("ip", "netns", "add", "first");
        await RunAsync("ip", "netns", "delete", "first");
        _healthy = await DescribeAsync();
    }

    private async Task ShowResolversAsync()
    {
        string target = File.ResolveLinkTarget(ResolverFile, returnFinalTarget: true)?.FullName ?? ResolverFile;
        if (target.StartsWith("/run/", StringComparison.Ordinal))
        {
            // systemd-resolved's: gone with the machine's /run.
            await RunAsync("mkdir", "-p", Path.GetDirectoryName(target)!);
            await RunAsync("touch", target);
        }
        await RunAsync("mount", "--bind", Root + "/resolv.conf", target);
    }

    private Task<HostCommandResult> RunAsync(string program, string[] arguments, string? input) =>
        HostCommand.RunAsync("nsenter", [.. Enter, program, .. arguments], new HostCommandOptions { Input = input });

    private async Task AssertUnchangedAsync(string before)
    {
        string now = "";
        long start = TimeProvider.System.GetTimestamp();
        // The kernel removes devices of a deleted namespace, and processes, some milliseconds later.
        while ((now = await DescribeAsync()) != before && TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(10))
        {
            await Task.Delay(50);
        }
        Assert.Equal(before, now);
    }

    /// <summary>What a plugin could leave here, as one text. State and disk directories may stay: they are the operator's.</summary>
    private async Task<string> DescribeAsync()
    {
        string run = $"/proc/{Pid}/root/run";
        IEnumerable<string> files = Directory.EnumerateFileSystemEntries(run, "*", SearchOption.TopDirectoryOnly)
            .Concat(Directory.EnumerateFileSystemEntries(run + "/netns"));
        IEnumerable<string> links = File.ReadLines($"/proc/{Pid}/net/dev").Skip(2).Select(line => line.Split(':')[0].Trim());
        HostCommandResult rules = await RunAsync("nft", "-s", "list", "ruleset");
        HostCommandResult forwarding = await RunAsync("cat", "/proc/sys/net/ipv4/conf/eth0/forwarding", "/proc/sys/net/ipv4/conf/all/forwarding");
        IEnumerable<string> processes = Inhabitants().Select(pid => ProcessTable.Identify(pid) is { } identity
            ? string.Create(CultureInfo.InvariantCulture, $"{identity.Pid} {CommandLine(pid)}") : "");
        return $"""
            files {string.Join(' ', files.Order(StringComparer.Ordinal))}
            links {string.Join(' ', links)}
            forwarding {forwarding.Output.ReplaceLineEndings(" ")}
            processes {string.Join(", ", processes)}
            mounts {string.Join('\n', File.ReadLines(MountTable).Where(line => !_inherited.Contains(line)))}
            rules {rules.Output}
            """;
    }

    private IEnumerable<int> Inhabitants()
    {
        ulong? here = ProcessTable.NetworkNamespaceOf(Pid);
        return ProcessTable.Pids().Where(pid => pid != Pid && here is not null && ProcessTable.NetworkNamespaceOf(pid) == here);
    }

    private static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return ""; // It ended a moment ago.
        }
    }

    public static async Task UntilAsync(Func<bool> condition, string subject)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < s_patience, $"waited in vain for {s_patience.TotalSeconds} s until {subject}");
            await Task.Delay(10);
        }
    }
}
