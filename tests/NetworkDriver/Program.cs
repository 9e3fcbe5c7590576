using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using NetworkDriver;
using VmPool.Instances;
using VmPool.Keys;
using VmPool.Networking;
using VmPool.Options;
using VmPool.Ports;
using VmPool.Provisioning;
using VmPool.Recovery;
using VmPool.Storage;

// First word: what to do. Then "key=value" words. One result a line on standard output; a failure is one line and code 1.
Dictionary<string, string> values = args.Skip(1).Select(word => word.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1]);
string[] plain = [.. args.Skip(1).Where(word => !word.Contains('=', StringComparison.Ordinal))];
string Value(string key, string otherwise = "") => values.GetValueOrDefault(key, otherwise);
string[] List(string key) => Value(key).Split(',', StringSplitOptions.RemoveEmptyEntries);
try
{
    switch (args[0])
    {
        case "acquire":
        case "prepare":
            foreach (string owner in List("owner"))
            {
                NetworkSlot slot = args[0] == "acquire"
                    ? await Slots().AcquireAsync(owner, CancellationToken.None)
                    : await Slots().PrepareAsync(owner, CancellationToken.None);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{slot.Number} {slot.Address} {slot.Namespace} {slot.Mtu} {slot.UserId}"));
            }
            break;
        case "transfer":
            Console.WriteLine(await Slots().TransferAsync(Number(), Value("owner"), Value("to"), CancellationToken.None) is { } moved ? $"{moved.Namespace} {moved.Mtu}" : "absent");
            break;
        case "current":
            Console.WriteLine(await Slots().IsCurrentAsync(Number(), Value("owner"), CancellationToken.None) ? "yes" : "no");
            break;
        case "disconnect":
            await Slots().DisconnectAsync(Number(), Value("owner"), CancellationToken.None);
            break;
        case "release":
            await Slots().ReleaseAsync(Number(), Value("owner"), CancellationToken.None);
            break;
        case "release-all":
            NetworkSlots all = Slots();
            foreach (SlotClaim claim in all.FindClaims(Value("group", "default")))
            {
                await all.ReleaseAsync(claim.Number, claim.Owner, CancellationToken.None);
            }
            break;
        case "adopt":
            Console.WriteLine(await Slots().AdoptAsync(Number(), Value("owner"), CancellationToken.None) is { } adopted ? $"{adopted.Namespace} {adopted.Mtu}" : "absent");
            break;
        case "free":
            Console.WriteLine(Slots().CountFree());
            break;
        case "measure":
            await MeasureAsync();
            break;
        case "grow":
            await GrowAsync();
            break;
        case "cycle":
            await CycleAsync();
            break;
        case "validate":
            HostNetworkReport report = await HostNetworkChecks.ValidateAsync(Options().Network, CancellationToken.None);
            foreach (string fault in report.Faults)
            {
                Console.WriteLine($"fault: {fault}");
            }
            foreach (string warning in report.Warnings)
            {
                Console.WriteLine($"warning: {warning}");
            }
            break;
        case "serve":
            await Peers.ServeAsync(plain);
            break;
        case "probe":
            await Peers.ProbeAsync(plain);
            break;
        case "flood":
            await Peers.FloodAsync(IPAddress.Parse(Value("target")), int.Parse(Value("flows"), CultureInfo.InvariantCulture));
            break;
        case "wire":
            await Cable.RunAsync(plain[0], plain[1]);
            break;
        default:
            throw new ArgumentException($"unknown command {args[0]}");
    }
    return 0;
}
#pragma warning disable CA1031 // The test that started us reads the failure from our output.
catch (Exception e)
#pragma warning restore CA1031
{
    Console.WriteLine($"failed: {e.GetType().Name}: {e.Message}");
    return 1;
}

NetworkSlots Slots() => new(Options(), new ConsoleLogger(), null, new RunDirectory(Value("run")));

GroupOptions Options() => new()
{
    Name = Value("group", "default"),
    StateDirectory = "/nowhere",
    Network = new NetworkOptions
    {
        Subnet = IPNetwork.Parse(Value("subnet", "10.210.0.0/20")),
        EgressInterface = values.GetValueOrDefault("egress"),
        Allow = List("allow"),
        Dns = [.. List("dns").Select(IPAddress.Parse)],
        SshPort = int.Parse(Value("ssh", "22"), CultureInfo.InvariantCulture),
        ManageSysctl = Value("manage", "yes") == "yes",
    },
};

int Number() => int.Parse(Value("number"), CultureInfo.InvariantCulture);

async Task MeasureAsync()
{
    NetworkSlots slots = Slots();
    for (int round = 0; round < int.Parse(Value("rounds", "15"), CultureInfo.InvariantCulture); round++)
    {
        long start = Stopwatch.GetTimestamp();
        NetworkSlot slot = await slots.AcquireAsync("measure-1", CancellationToken.None);
        double acquire = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        start = Stopwatch.GetTimestamp();
        await slots.ReleaseAsync(slot.Number, "measure-1", CancellationToken.None);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{acquire:0.0} {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0.0}"));
    }
}

// Does a slot cost more when there are many already? One line for each: its ordinal, then milliseconds to make and to remove it.
async Task GrowAsync()
{
    NetworkSlots slots = Slots();
    var made = new List<(NetworkSlot Slot, double Ms)>();
    for (int i = 1; i <= int.Parse(Value("count", "250"), CultureInfo.InvariantCulture); i++)
    {
        long start = Stopwatch.GetTimestamp();
        NetworkSlot slot = await slots.AcquireAsync(string.Create(CultureInfo.InvariantCulture, $"grow-{i}"), CancellationToken.None);
        made.Add((slot, Stopwatch.GetElapsedTime(start).TotalMilliseconds));
    }
    for (int i = made.Count; i >= 1; i--)
    {
        long start = Stopwatch.GetTimestamp();
        await slots.ReleaseAsync(made[i - 1].Slot.Number, string.Create(CultureInfo.InvariantCulture, $"grow-{i}"), CancellationToken.None);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{i} {made[i - 1].Ms:0.0} {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0.0}"));
    }
}

// What the pool itself costs: one line for each instance with the milliseconds from Increase to running and from Decrease to
// deleted, as somebody sees them who asks all the time, and the timeline of its record. "pause" is the time between two.
async Task CycleAsync()
{
    string state = Directory.CreateTempSubdirectory("vmpool-cycle-").FullName;
    GroupOptions options = Options() with
    {
        StateDirectory = state,
        DiskDirectory = state,
        Spares = int.Parse(Value("spares", "0"), CultureInfo.InvariantCulture),
    };
    await using var reserve = new SlotReserve(new NetworkSlots(options, new ConsoleLogger(), null, new RunDirectory(Value("run"))), options, TimeProvider.System, new ConsoleLogger());
    await using (InstanceGroup group = await InstanceGroup.OpenAsync(
        options, LoginCredentials.PerInstance, new ProcessPool(options).Ports(reserve), TimeProvider.System, new ConsoleLogger(), CancellationToken.None))
    {
        if (Value("reserve", "yes") == "yes")
        {
            reserve.Start();
        }
        for (int round = 0; round < int.Parse(Value("rounds", "15"), CultureInfo.InvariantCulture); round++)
        {
            await Task.Delay(int.Parse(Value("pause", "1000"), CultureInfo.InvariantCulture));
            long start = Stopwatch.GetTimestamp();
            string id = group.Accept(1).Ids[0];
            await UntilAsync(() => group.List().Any(report => report.Id == id && report.State is InstanceState.Running));
            double running = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            string timeline = string.Join(' ', new InstanceRecords(options.GroupStateDirectory).Load().Single(found => found.Id == id).Record!.Timeline
                .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Step}={entry.Ms:0.0}")));
            start = Stopwatch.GetTimestamp();
            group.Remove([id]);
            await UntilAsync(() => group.List().All(report => report.Id != id || report.State is InstanceState.Deleted));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{running:0.0} {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0.0} {timeline}"));
        }
        await group.CloseAsync(CancellationToken.None);
    }
    Directory.Delete(state, recursive: true);

    static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(1);
        }
    }
}

internal sealed class ConsoleLogger : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Console.Error.WriteLine(formatter(state, exception));
}
