using System.Globalization;
using System.Net;
using System.Text.Json;
using LinuxHost;

namespace VmPool.Networking;

/// <summary>
/// The claims of all groups of this host: one file for each slot, named by the slot's address, there from before its first
/// device until after its last. Empty files of the same name in two directories beside them mark slots that rest, and slots
/// that are claimed but only kept ready. Whoever writes holds the host's lock. What is asked often looks at names alone:
/// reading every claim would make each slot dearer than the one before.
/// </summary>
internal sealed class ClaimDirectory(string runDirectory, TimeProvider clock)
{
    /// <summary>How long a released slot is left alone while there are others: late packets of its last guest must not meet the next one.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromSeconds(60);

    private readonly string _claims = Path.Combine(runDirectory, "slots");
    private readonly string _resting = Path.Combine(runDirectory, "resting");
    private readonly string _ready = Path.Combine(runDirectory, "ready");

    // A claim of an earlier boot is void. New ones do not appear, so one look at all of them is enough.
    private volatile bool _allOfThisBoot;

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

    /// <summary>How many slots of the range somebody uses; those kept ready are nobody's yet.</summary>
    public int CountUsed(SlotRange range)
    {
        var ready = NumbersIn(_ready).ToHashSet();
        IEnumerable<int> claimed = _allOfThisBoot ? NumbersIn(_claims) : List().Select(claim => claim.Number);
        return claimed.Count(number => range.Contains(number) && !ready.Contains(number));
    }

    /// <summary>Whether there is any claim besides this one.</summary>
    public bool AnyOther(int number)
    {
        RemoveOlderBoots();
        return NumbersIn(_claims).Any(other => other != number);
    }

    /// <summary>
    /// Claims the lowest free slot of the range that does not rest; when all rest, the one that has rested longest; when none
    /// is free, one that somebody only keeps ready.
    /// </summary>
    /// <exception cref="SlotsExhaustedException">None is left.</exception>
    public int Claim(SlotRange range, ClaimRecord record)
    {
        PrivateDirectory.Ensure(_claims);
        RemoveOlderBoots();
        if (FindFree(range, isUrgent: true) is { } free)
        {
            Create(free, record);
            return free;
        }
        foreach (int number in NumbersIn(_ready).Where(range.Contains).Order())
        {
            if (Read(number) is { } holder && Transfer(number, holder.Owner, _ => record))
            {
                return number;
            }
        }
        throw Exhausted(range);
    }

    /// <summary>Claims a free slot that does not rest, for <see cref="MarkReady"/>. Takes nothing away from anybody.</summary>
    /// <exception cref="SlotsExhaustedException">There is none.</exception>
    public int ClaimSpare(SlotRange range, ClaimRecord record)
    {
        PrivateDirectory.Ensure(_claims);
        RemoveOlderBoots();
        int free = FindFree(range, isUrgent: false) ?? throw Exhausted(range);
        Create(free, record);
        return free;
    }

    /// <summary>Notes that the slot is complete and nobody's yet.</summary>
    public void MarkReady(int number)
    {
        PrivateDirectory.Ensure(_ready);
        AtomicFile.Write(ReadyPath(number), "");
    }

    /// <summary>Gives a slot that is kept ready to its user.</summary>
    /// <returns>False when it is not this owner's, or not ready.</returns>
    public bool Transfer(int number, string from, Func<ClaimRecord, ClaimRecord> change)
    {
        if (!File.Exists(ReadyPath(number)) || Read(number) is not { } record || record.Owner != from)
        {
            return false;
        }
        // The mark first: killed in between, this is a claim without a user, which the next start of its group removes.
        File.Delete(ReadyPath(number));
        AtomicFile.Write(ClaimPath(number), JsonSerializer.Serialize(change(record), NetworkJson.Default.ClaimRecord));
        return true;
    }

    /// <summary>Frees a slot and lets it rest, unless nobody has used it.</summary>
    public void Free(int number)
    {
        if (File.Exists(ReadyPath(number)))
        {
            File.Delete(ReadyPath(number));
        }
        else
        {
            PrivateDirectory.Ensure(_resting);
            AtomicFile.Write(RestPath(number), "");
            File.SetLastWriteTimeUtc(RestPath(number), clock.GetUtcNow().UtcDateTime);
        }
        File.Delete(ClaimPath(number));
    }

    /// <summary>Removes what a process killed in the middle of a claim or a release has left half written.</summary>
    public void RemoveLeftovers()
    {
        TemporaryName.RemoveLeftovers(_claims);
        TemporaryName.RemoveLeftovers(_resting);
        TemporaryName.RemoveLeftovers(_ready);
    }

    /// <summary>Removes all directories; only called without a claim left, and then no rest needs to be remembered either.</summary>
    public void RemoveEmpty()
    {
        foreach (string directory in new[] { _ready, _resting, _claims }.Where(Directory.Exists))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private int? FindFree(SlotRange range, bool isUrgent)
    {
        var claimed = NumbersIn(_claims).ToHashSet();
        var resting = NumbersIn(_resting).ToHashSet();
        DateTime rested = clock.GetUtcNow().UtcDateTime - Rest;
        int? choice = Enumerable.Range(range.First, range.Size)
            .Where(number => !claimed.Contains(number) && (!resting.Contains(number) || RestingSince(number) <= rested))
            .Select(number => (int?)number).FirstOrDefault();
        return choice is null && isUrgent
            ? resting.Where(number => range.Contains(number) && !claimed.Contains(number)).OrderBy(RestingSince).Select(number => (int?)number).FirstOrDefault()
            : choice;
    }

    private DateTime RestingSince(int number) => File.GetLastWriteTimeUtc(RestPath(number));

    private void Create(int number, ClaimRecord record)
    {
        // The lock already excludes a second writer; the exclusive creation also catches one that does not know the lock.
        if (!ExclusiveFile.TryCreate(ClaimPath(number), JsonSerializer.Serialize(record, NetworkJson.Default.ClaimRecord)))
        {
            throw new HostResourceException($"the slot claim {ClaimPath(number)} appeared while this process held the lock of {runDirectory}");
        }
        foreach (string mark in new[] { RestPath(number), ReadyPath(number) }.Where(File.Exists))
        {
            File.Delete(mark);
        }
    }

    private void RemoveOlderBoots()
    {
        if (_allOfThisBoot)
        {
            return;
        }
        foreach (int number in NumbersIn(_claims).Where(number => Read(number) is null).ToArray())
        {
            File.Delete(ClaimPath(number));
        }
        _allOfThisBoot = true;
    }

    private SlotsExhaustedException Exhausted(SlotRange range) => new(string.Create(CultureInfo.InvariantCulture,
        $"all {range.Size} network slots of vm_subnet are claimed on this host (see {_claims}); use a larger vm_subnet or a smaller max_vms"));

    private static IEnumerable<int> NumbersIn(string directory) =>
        Directory.Exists(directory)
            ? Directory.EnumerateFiles(directory)
                .Select(path => IPAddress.TryParse(Path.GetFileName(path), out IPAddress? address) ? SlotPlan.NumberOf(address) : null)
                .OfType<int>()
            : [];

    private string ClaimPath(int number) => Path.Combine(_claims, NameOf(number));

    private string RestPath(int number) => Path.Combine(_resting, NameOf(number));

    private string ReadyPath(int number) => Path.Combine(_ready, NameOf(number));

    private static string NameOf(int number) => new SlotPlan(number).Address.ToString();
}
