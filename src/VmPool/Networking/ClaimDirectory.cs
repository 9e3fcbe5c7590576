using System.Globalization;
using System.Net;
using System.Text.Json;
using LinuxHost;

namespace VmPool.Networking;

/// <summary>
/// The claims of all groups of this host: one file for each slot, named by the slot's address, there from before its first
/// device until after its last. Empty files beside them mark slots that rest. Whoever writes holds the host's lock.
/// </summary>
internal sealed class ClaimDirectory(string runDirectory, TimeProvider clock)
{
    /// <summary>How long a released slot is left alone while there are others: late packets of its last guest must not meet the next one.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromSeconds(60);

    private readonly string _claims = Path.Combine(runDirectory, "slots");
    private readonly string _resting = Path.Combine(runDirectory, "resting");

    /// <summary>The claim on a slot; absent when free, or when the claim was made before the last boot.</summary>
    /// <exception cref="HostResourceException">The file holds something else; names it.</exception>
    public ClaimRecord? Read(int number)
    {
        try
        {
            ClaimRecord? record = JsonSerializer.Deserialize(File.ReadAllText(ClaimPath(number)), NetworkJson.Default.ClaimRecord);
            return record?.BootId == ProcessTable.BootId ? record : null;
        }
        catch (IOException e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new HostResourceException(
                $"the slot claim {ClaimPath(number)} cannot be read ({e.Message}); remove it if nothing runs in {new SlotPlan(number).Namespace}", e);
        }
    }

    /// <summary>All claims of the host made since it booted.</summary>
    public IReadOnlyList<(int Number, ClaimRecord Record)> List() =>
        [.. NumbersIn(_claims).Select(number => (number, record: Read(number))).Where(claim => claim.record is not null)!];

    /// <summary>Claims the lowest free slot of the range that does not rest; when all rest, the one that has rested longest.</summary>
    /// <exception cref="SlotsExhaustedException">None is free.</exception>
    public int Claim(SlotRange range, ClaimRecord record)
    {
        PrivateDirectory.Ensure(_claims);
        foreach (int number in NumbersIn(_claims).Where(number => Read(number) is null).ToArray())
        {
            File.Delete(ClaimPath(number));
        }
        var claimed = NumbersIn(_claims).ToHashSet();
        var resting = NumbersIn(_resting).Where(range.Contains).ToDictionary(number => number, number => File.GetLastWriteTimeUtc(RestPath(number)));
        DateTime rested = clock.GetUtcNow().UtcDateTime - Rest;
        int? choice = Enumerable.Range(range.First, range.Size)
            .Where(number => !claimed.Contains(number) && (!resting.TryGetValue(number, out DateTime since) || since <= rested))
            .Select(number => (int?)number).FirstOrDefault();
        choice ??= resting.Where(entry => !claimed.Contains(entry.Key)).OrderBy(entry => entry.Value).Select(entry => (int?)entry.Key).FirstOrDefault();
        if (choice is not { } free)
        {
            throw new SlotsExhaustedException(string.Create(CultureInfo.InvariantCulture,
                $"all {range.Size} network slots of vm_subnet are claimed on this host (see {_claims}); use a larger vm_subnet or a smaller max_vms"));
        }
        // The lock already excludes a second writer; the exclusive creation also catches one that does not know the lock.
        return ExclusiveFile.TryCreate(ClaimPath(free), JsonSerializer.Serialize(record, NetworkJson.Default.ClaimRecord))
            ? Woken(free)
            : throw new HostResourceException($"the slot claim {ClaimPath(free)} appeared while this process held the lock of {runDirectory}");
    }

    /// <summary>Frees a slot and lets it rest.</summary>
    public void Free(int number)
    {
        PrivateDirectory.Ensure(_resting);
        AtomicFile.Write(RestPath(number), "");
        File.SetLastWriteTimeUtc(RestPath(number), clock.GetUtcNow().UtcDateTime);
        File.Delete(ClaimPath(number));
    }

    /// <summary>Removes what a process killed in the middle of a claim or a release has left half written.</summary>
    public void RemoveLeftovers()
    {
        TemporaryName.RemoveLeftovers(_claims);
        TemporaryName.RemoveLeftovers(_resting);
    }

    /// <summary>Removes both directories; only called without a claim left, and then no rest needs to be remembered either.</summary>
    public void RemoveEmpty()
    {
        if (Directory.Exists(_resting))
        {
            Directory.Delete(_resting, recursive: true);
        }
        if (Directory.Exists(_claims))
        {
            Directory.Delete(_claims, recursive: true);
        }
    }

    private int Woken(int number)
    {
        if (File.Exists(RestPath(number)))
        {
            File.Delete(RestPath(number));
        }
        return number;
    }

    private static IEnumerable<int> NumbersIn(string directory) =>
        Directory.Exists(directory)
            ? Directory.EnumerateFiles(directory)
                .Select(path => IPAddress.TryParse(Path.GetFileName(path), out IPAddress? address) ? SlotPlan.NumberOf(address) : null)
                .OfType<int>()
            : [];

    private string ClaimPath(int number) => Path.Combine(_claims, new SlotPlan(number).Address.ToString());

    private string RestPath(int number) => Path.Combine(_resting, new SlotPlan(number).Address.ToString());
}
