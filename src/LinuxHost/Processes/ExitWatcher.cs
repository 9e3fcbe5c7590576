using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>
/// One thread that polls the pidfds of all processes we hold. It reaps by pidfd and so only its own children:
/// System.Diagnostics.Process in the same program keeps its own, and takes none of ours (it waits for known pids only).
/// </summary>
internal sealed class ExitWatcher
{
    private const int CloseOnExecNonBlocking = 0x80800;
    private const int RetryMilliseconds = 100;

    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];
    private readonly int _wakeUp;

    private ExitWatcher()
    {
        _wakeUp = Libc.EventDescriptor(0, CloseOnExecNonBlocking);
        if (_wakeUp < 0)
        {
            throw Errno.Failure("cannot create an eventfd to watch processes", Libc.LastErrno);
        }
        new Thread(Run) { IsBackground = true, Name = "process exits" }.Start();
    }

    internal static ExitWatcher Shared => Instance.Value;

    private static Lazy<ExitWatcher> Instance { get; } = new(() => new ExitWatcher());

    /// <summary>Takes ownership of the pidfd and closes it after the end. The task never faults.</summary>
    internal Task<int?> Watch(SafeFileHandle pidfd, bool ours)
    {
        var entry = new Entry(pidfd, ours);
        lock (_gate)
        {
            _entries.Add(entry);
        }
        WakeUp();
        return entry.Exited.Task;
    }

    internal static unsafe bool HasEnded(int pidfd)
    {
        var descriptor = new Libc.PollDescriptor { Descriptor = pidfd, Events = Libc.PollIn };
        return Libc.Poll(&descriptor, 1, 0) > 0;
    }

    private unsafe void WakeUp()
    {
        ulong one = 1;
        // A full counter (EAGAIN) already means "awake".
        _ = Libc.Write(_wakeUp, &one, sizeof(ulong));
    }

    private unsafe void Run()
    {
        while (true)
        {
            Entry[] entries;
            lock (_gate)
            {
                entries = [.. _entries];
            }
            var descriptors = new Libc.PollDescriptor[entries.Length + 1];
            descriptors[0] = new Libc.PollDescriptor { Descriptor = _wakeUp, Events = Libc.PollIn };
            for (int i = 0; i < entries.Length; i++)
            {
                // Only this thread closes pidfds, so the raw number stays valid during the poll.
                descriptors[i + 1] = new Libc.PollDescriptor { Descriptor = (int)entries[i].Pidfd.DangerousGetHandle(), Events = Libc.PollIn };
            }
            fixed (Libc.PollDescriptor* first = descriptors)
            {
                if (Libc.Poll(first, (nuint)descriptors.Length, -1) < 0)
                {
                    // EINTR, or ENOMEM, which passes: a pause on the wake-up descriptor alone keeps the thread from spinning.
                    _ = Libc.Poll(first, 1, Libc.LastErrno == Errno.Interrupted ? 0 : RetryMilliseconds);
                    continue;
                }
            }
            if (descriptors[0].Returned != 0)
            {
                ulong count;
                _ = Libc.Read(_wakeUp, &count, sizeof(ulong));
            }
            for (int i = 0; i < entries.Length; i++)
            {
                if (descriptors[i + 1].Returned != 0)
                {
                    Finish(entries[i]);
                }
            }
        }
    }

    private void Finish(Entry entry)
    {
        int? exitCode = entry.Ours ? Libc.Reap((int)entry.Pidfd.DangerousGetHandle()) : null;
        lock (_gate)
        {
            _entries.Remove(entry);
        }
        entry.Pidfd.Dispose();
        entry.Exited.SetResult(exitCode);
    }

    private sealed record Entry(SafeFileHandle Pidfd, bool Ours)
    {
        internal TaskCompletionSource<int?> Exited { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
