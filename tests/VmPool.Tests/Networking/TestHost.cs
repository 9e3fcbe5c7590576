using System.Globalization;
using System.Net;
using LinuxHost;
using VmPool.Networking;

namespace VmPool.Tests.Networking;

/// <summary>
/// A network namespace that plays the host, and behind it one that plays the internet. Everything stays on this machine.
/// <code>
///   guest (card 10.255.255.2) ─ cable ─ slot ─ host (eth0 192.0.2.2, 2001:db8::2) ─ internet (192.0.2.1, 2001:db8::1)
/// </code>
/// </summary>
public sealed class TestHost : IAsyncLifetime
{
    private static int s_count;

    private readonly string _id = string.Create(CultureInfo.InvariantCulture, $"vpt{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");
    private readonly string _directory = Directory.CreateTempSubdirectory("vmpool-network-").FullName;
    private readonly List<ChildProcess> _children = [];
    private readonly List<string> _namespaces = [];
    private int _guests;

    public string HostNamespace => _id + "h";

    public string InternetNamespace => _id + "i";

    /// <summary>Eight slots that no other test of this run uses.</summary>
    public IPNetwork Subnet { get; } = IPNetwork.Parse(string.Create(CultureInfo.InvariantCulture, $"10.{100 + Environment.ProcessId % 100}.{s_count}.0/28"));

    public string RunDirectory => Path.Join(_directory, "run");

    public async Task InitializeAsync()
    {
        foreach (string name in new[] { HostNamespace, InternetNamespace })
        {
            await NetworkNamespace.CreateAsync(name);
            _namespaces.Add(name);
        }
        await Ip.BatchAsync(
        [
            "link set lo up",
            $"link add eth0 type veth peer name eth0 netns {InternetNamespace}",
            "address add 192.0.2.2/24 dev eth0",
            "address add 2001:db8::2/64 dev eth0 nodad",
            "link set eth0 up",
            "route add default via 192.0.2.1",
            "route add default via 2001:db8::1",
        ], HostNamespace);
        await Ip.BatchAsync(
        [
            "link set lo up",
            "address add 192.0.2.1/24 dev eth0",
            "address add 192.0.2.53/24 dev eth0",
            "address add 2001:db8::1/64 dev eth0 nodad",
            "address add 192.168.77.1/32 dev lo",
            "link set eth0 up",
            $"route add {Subnet} via 192.0.2.2",
        ], InternetNamespace);
        await StartAsync(InternetNamespace, "serve", "192.0.2.1:80", "[2001:db8::1]:80", "192.0.2.53:53", "[2001:db8::1]:53", "192.168.77.1:80", "192.168.77.1:81");
        await StartAsync(HostNamespace, "serve", "0.0.0.0:5000", "0.0.0.0:5001");
    }

    public async Task DisposeAsync()
    {
        foreach (ChildProcess child in _children)
        {
            child.Kill();
            await child.Exited.WaitAsync(TimeSpan.FromSeconds(30));
        }
        await DriveAsync("release-all");
        foreach (string name in _namespaces)
        {
            await NetworkNamespace.DeleteAsync(name);
        }
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Acquires a slot in a process of its own.</summary>
    internal async Task<SlotPlan> AcquireAsync(string owner, params string[] settings) =>
        new(int.Parse((await DriveAsync("acquire", [$"owner={owner}", "dns=192.0.2.53,2001:db8::1", .. settings]))[0].Split(' ')[0], CultureInfo.InvariantCulture));

    /// <summary>Makes a slot in a process of its own and keeps it ready.</summary>
    internal async Task<SlotPlan> PrepareAsync(string owner, params string[] settings) =>
        new(int.Parse((await DriveAsync("prepare", [$"owner={owner}", "dns=192.0.2.53,2001:db8::1", .. settings]))[0].Split(' ')[0], CultureInfo.InvariantCulture));

    /// <summary>Hands a ready slot over in a process of its own.</summary>
    internal async Task<string> TransferAsync(SlotPlan slot, string from, string to) =>
        (await DriveAsync("transfer", Invariant($"number={slot.Number}"), $"owner={from}", $"to={to}", "dns=192.0.2.53,2001:db8::1"))[0];

    internal Task ReleaseAsync(SlotPlan slot, string owner) => DriveAsync("release", Invariant($"number={slot.Number}"), $"owner={owner}");

    internal Task DisconnectAsync(SlotPlan slot, string owner) => DriveAsync("disconnect", Invariant($"number={slot.Number}"), $"owner={owner}");

    /// <summary>Runs the driver to its end inside the host; fails the test when it fails.</summary>
    internal async Task<string[]> DriveAsync(string command, params string[] words)
    {
        HostCommandResult result = await HostCommand.RunAsync("nsenter", Arguments(HostNamespace, command, [.. Settings, .. words]),
            new HostCommandOptions { AcceptedExitCodes = [0, 1], Timeout = TimeSpan.FromMinutes(2) });
        Assert.True(result.ExitCode == 0, $"{command} {string.Join(' ', words)}: {result.Output}{result.Error}");
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Connects a guest to the slot's tap0, with servers on its SSH port and on another one.</summary>
    internal async Task<string> PlugGuestAsync(SlotPlan slot)
    {
        string guest = Invariant($"{_id}g{Interlocked.Increment(ref _guests)}");
        await NetworkNamespace.CreateAsync(guest);
        _namespaces.Add(guest);
        await Ip.BatchAsync(
        [
            "link set lo up",
            "tuntap add dev card mode tap vnet_hdr",
            $"link set card address {GuestNetwork.GuestMac}",
            $"address add {GuestNetwork.Address}/{GuestNetwork.PrefixLength} dev card",
            $"address add {GuestNetwork.Address6}/{GuestNetwork.PrefixLength6} dev card nodad",
            "link set card up",
            $"route add default via {GuestNetwork.Gateway}",
            $"route add default via {GuestNetwork.Gateway6}",
        ], guest);
        await StartAsync(null, "wire", slot.Namespace, guest);
        await StartAsync(guest, "serve", $"{GuestNetwork.Address}:22", $"[{GuestNetwork.Address6}]:22", $"{GuestNetwork.Address}:8080");
        return guest;
    }

    /// <summary>Tries each target from inside a namespace; the server's answer or the error's name for each.</summary>
    internal static async Task<string[]> ProbeAsync(string from, params string[] targets)
    {
        HostCommandResult result = await HostCommand.RunAsync("nsenter", Arguments(from, "probe", targets),
            new HostCommandOptions { Timeout = TimeSpan.FromMinutes(3) });
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Starts the driver and returns as soon as it runs, or with ready = true once it says so.</summary>
    internal async Task<ChildProcess> StartAsync(string? inside, string command, params string[] words)
    {
        string output = Path.Join(_directory, Invariant($"child{_children.Count}.log"));
        ChildProcess child = Spawn.Start(new SpawnRequest
        {
            Program = "nsenter",
            Arguments = Arguments(inside, command, words),
            OutputPath = output,
        });
        _children.Add(child);
        if (command is "serve" or "wire")
        {
            await WaitAsync(() => File.Exists(output) && File.ReadAllText(output).StartsWith("ready", StringComparison.Ordinal), $"{command} {string.Join(' ', words)} says ready");
        }
        return child;
    }

    /// <summary>Everything slots could leave on this host, as one text.</summary>
    internal async Task<string> SnapshotAsync()
    {
        IEnumerable<string> links = (await Ip.LinksAsync(HostNamespace)).Select(link => link.Name);
        IEnumerable<string> slots = NetworkNamespace.List().Where(name =>
            name.StartsWith(SlotPlan.NamespacePrefix, StringComparison.Ordinal)
            && IPAddress.TryParse(name[SlotPlan.NamespacePrefix.Length..], out IPAddress? address) && Subnet.Contains(address));
        string settings = await NetworkNamespace.RunInsideAsync(HostNamespace, () => string.Join(',',
            new[] { "net/ipv4/conf/eth0/forwarding", "net/ipv4/conf/all/forwarding", "net/ipv6/conf/all/forwarding", "net/ipv6/conf/eth0/force_forwarding" }.Select(Sysctl.Read)));
        string files = Directory.Exists(RunDirectory) ? string.Join(' ', Directory.EnumerateFileSystemEntries(RunDirectory, "*", SearchOption.AllDirectories)) : "none";
        return $"links {string.Join(' ', links)}\nnamespaces {string.Join(' ', slots)}\nsettings {settings}\nfiles {files}\nrules {await Nft.ListRulesetAsync(HostNamespace)}";
    }

    internal static async Task WaitAsync(Func<bool> condition, string subject)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(60), $"within 60 s: {subject}");
            await Task.Delay(5);
        }
    }

    internal string[] Settings => [$"run={RunDirectory}", $"subnet={Subnet}"];

    private static string[] Arguments(string? inside, string command, IEnumerable<string> words) =>
        [inside is null ? "--" : $"--net={NetworkNamespace.PathOf(inside)}", DotNet, Driver, command, .. words];

    private static string Driver => Path.Join(AppContext.BaseDirectory, "NetworkDriver.dll");

    // The tests run on the same .NET host; the clean environment of children does not carry its path.
    private static string DotNet =>
        Path.GetFileName(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
