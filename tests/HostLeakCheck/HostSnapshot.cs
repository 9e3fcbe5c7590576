using System.Text.Json;
using System.Text.Json.Serialization;

namespace HostLeakCheck;

/// <summary>
/// The state of the host that a test or a demo must leave as it found it: processes, links, addresses, routes, namespaces,
/// mounts, nftables rules, cgroups, unix sockets, loop devices and files. Two snapshots are equal or they are not;
/// no list of known names decides what a leak is.
/// </summary>
public sealed record HostSnapshot
{
    private static readonly TimeSpan SettleInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>What it looked at.</summary>
    public required SnapshotScope Scope { get; init; }

    /// <summary>Every fact as one line a person can read; the same line may occur more than once.</summary>
    public required IReadOnlyList<string> Lines { get; init; }

    /// <summary>Looks at the host now.</summary>
    /// <exception cref="LinuxHost.HostCommandException">`ip`, `nft` or `losetup` is missing or failed.</exception>
    public static async Task<HostSnapshot> TakeAsync(SnapshotScope? scope = null, CancellationToken cancellationToken = default)
    {
        scope ??= new SnapshotScope();
        var lines = new List<string>();
        lines.AddRange(ProcessState.Collect(scope));
        lines.AddRange(await NetworkState.CollectAsync(scope, cancellationToken));
        lines.AddRange(MountState.Collect(scope));
        lines.AddRange(await MountState.CollectLoopDevicesAsync(cancellationToken));
        lines.AddRange(FileState.Collect(scope));
        lines.Sort(StringComparer.Ordinal);
        return new HostSnapshot { Scope = scope, Lines = lines };
    }

    /// <summary>One line per difference: "+ …" is new, "- …" is gone. Empty when both are equal.</summary>
    public static IReadOnlyList<string> Compare(HostSnapshot before, HostSnapshot after)
    {
        var balance = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (string line in after.Lines)
        {
            balance[line] = balance.GetValueOrDefault(line) + 1;
        }
        foreach (string line in before.Lines)
        {
            balance[line] = balance.GetValueOrDefault(line) - 1;
        }
        return
        [
            .. balance.Where(entry => entry.Value != 0).Select(entry =>
                $"{(entry.Value > 0 ? '+' : '-')} {entry.Key}{(Math.Abs(entry.Value) > 1 ? $" ({Math.Abs(entry.Value)} times)" : "")}"),
        ];
    }

    /// <summary>
    /// Compares this earlier snapshot with the host, again and again until they are equal or the time is over:
    /// the kernel removes the devices of a deleted namespace some milliseconds later.
    /// </summary>
    /// <returns>The last differences; empty when the host is as it was.</returns>
    public async Task<IReadOnlyList<string>> DifferencesAsync(TimeSpan settle, CancellationToken cancellationToken = default)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            IReadOnlyList<string> differences = Compare(this, await TakeAsync(Scope, cancellationToken));
            if (differences.Count == 0 || TimeProvider.System.GetElapsedTime(start) >= settle)
            {
                return differences;
            }
            await Task.Delay(SettleInterval, cancellationToken);
        }
    }

    /// <summary>Writes it to a file.</summary>
    public void Save(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, SnapshotJsonContext.Default.HostSnapshot) + "\n");

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file is no snapshot.</exception>
    public static HostSnapshot Load(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(path), SnapshotJsonContext.Default.HostSnapshot)
                ?? throw new InvalidDataException($"{path} is no snapshot");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is no snapshot: {e.Message}", e);
        }
    }
}

[JsonSerializable(typeof(HostSnapshot))]
[JsonSourceGenerationOptions(WriteIndented = true)]
internal sealed partial class SnapshotJsonContext : JsonSerializerContext;
