using System.Diagnostics;
using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Ports;
using VmPool.Provisioning;
using VmPool.Storage;

namespace VmPool.Instances;

/// <summary>
/// One instance as the group knows it: its record, the undo of what was made for it and, while it has one, its machine.
/// Every change of the record is written to disk before it can be seen.
/// </summary>
internal sealed class Instance : IDisposable
{
    private readonly Lock gate = new();
    private readonly VmTeardown teardown;
    private readonly InstanceRecords records;
    private readonly CancellationTokenSource deletion = new();
    private readonly TimeProvider clock;
    private readonly ILogger log;
    private InstanceRecord record;
    private bool reported;
    private bool complete;

    public Instance(InstanceRecord record, VmTeardown teardown, InstanceRecords records, TimeProvider clock, ILogger log)
    {
        this.log = log;
        this.record = record;
        this.teardown = teardown;
        Cleanup = teardown.For(() => Record);
        this.records = records;
        this.clock = clock;
        Accepted = clock.GetTimestamp();
    }

    public string Id => record.Id;

    /// <summary>Monotonic moment of acceptance (or of adoption; a spare's creation until it is given away).</summary>
    public long Accepted { get; private set; }

    /// <summary>Cancelled when the instance is to be deleted, by request or because it failed.</summary>
    public CancellationToken DeletionBegun => deletion.Token;

    /// <summary>The undo of everything made for this instance; only the instance's own life touches it.</summary>
    public CleanupStack Cleanup { get; }

    /// <summary>The machine; absent until it was started.</summary>
    public IVirtualMachine? Machine { get; private set; }

    /// <summary>Its machine is made and ready; as long as it is a spare nobody uses it yet.</summary>
    public bool IsComplete
    {
        get => Volatile.Read(ref complete);
        set => Volatile.Write(ref complete, value);
    }

    public InstanceRecord Record
    {
        get
        {
            lock (gate)
            {
                return record;
            }
        }
    }

    public InstanceState State => Record.State;

    /// <summary>Takes over the machine, which this process started or adopted, and its end.</summary>
    public void Attach(IVirtualMachine machine)
    {
        Cleanup.Push(teardown.Machine(machine, Record));
        Machine = machine;
    }

    /// <summary>Applies a change and writes it to disk.</summary>
    public void Change(Func<InstanceRecord, InstanceRecord> change)
    {
        lock (gate)
        {
            InstanceRecord next = change(record);
            Debug.Assert(next.State == record.State, "states change through TryBecome only");
            records.Save(next);
            record = next;
        }
    }

    /// <summary>
    /// Turns a spare into a requested instance, complete or still being made: from now on its time counts from the request.
    /// </summary>
    /// <returns>False when it is no spare any more, or is being deleted.</returns>
    public bool TryGive()
    {
        lock (gate)
        {
            if (!record.Spare || record.State is not InstanceState.Creating)
            {
                return false;
            }
            InstanceRecord next = record with
            {
                Spare = false,
                AcceptedAt = clock.GetUtcNow(),
                Timeline = [.. record.Timeline, new TimelineEntry("given", 0)],
            };
            records.Save(next);
            record = next;
            Accepted = clock.GetTimestamp();
            return true;
        }
    }

    /// <summary>Notes that a step is finished, with the facts it produced.</summary>
    public void Finish(string step, Func<InstanceRecord, InstanceRecord>? facts = null)
    {
        double ms = Math.Round(clock.GetElapsedTime(Accepted).TotalMilliseconds, 1);
        Change(old =>
        {
            InstanceRecord next = facts?.Invoke(old) ?? old;
            return next with { Timeline = [.. next.Timeline, new TimelineEntry(step, ms)] };
        });
    }

    /// <summary>
    /// Goes to the state if the present one allows it. Entering <see cref="InstanceState.Deleting"/> cancels a creation and
    /// never fails: a full disk must not keep the machine alive that fills it, and recovery tears down a record that still
    /// says something else as well. <see cref="InstanceState.Deleted"/> is not written: by then the record is gone from disk.
    /// </summary>
    /// <returns>False when somebody else changed the state first, for example a Decrease during the last step of a creation.</returns>
    public bool TryBecome(InstanceState state, string failure = "")
    {
        lock (gate)
        {
            if (!record.State.MayBecome(state))
            {
                return false;
            }
            InstanceRecord next = record with { State = state, Failure = failure.Length > 0 ? failure : record.Failure };
            if (state is InstanceState.Running)
            {
                records.Save(next);
            }
            else if (state is InstanceState.Deleting)
            {
                TrySave(next);
            }
            record = next;
        }
        if (state is InstanceState.Deleting)
        {
            deletion.Cancel();
        }
        return true;
    }

    /// <summary>
    /// The state for the next Update. An instance that failed before anybody heard of it is first shown as creating:
    /// without that the runner cannot match the loss to its request and asks forever (gitlab-runner facts, §1).
    /// </summary>
    public InstanceState Report()
    {
        lock (gate)
        {
            bool first = !reported;
            reported = true;
            bool over = record.State is InstanceState.Deleting or InstanceState.Deleted;
            return first && over ? InstanceState.Creating : record.State;
        }
    }

    private void TrySave(InstanceRecord next)
    {
        try
        {
            records.Save(next);
        }
        catch (Exception e) when (e is HostResourceException or IOException or UnauthorizedAccessException)
        {
            log.RecordNotWritten(e, Id);
        }
    }

    public void Dispose() => deletion.Dispose();
}
