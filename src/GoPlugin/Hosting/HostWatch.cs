using GoPlugin.Interop;

namespace GoPlugin.Hosting;

/// <summary>
/// Sees the end of the process that started this one. A pidfd, not PR_SET_PDEATHSIG: that follows the parent's thread,
/// and Go ends threads. To be created first thing after start, before the parent can have been replaced by init.
/// </summary>
internal sealed class HostWatch : IDisposable
{
    private static readonly TimeSpan FallbackInterval = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread? _thread;
    private readonly ITimer? _timer;
    private readonly int _pidfd = -1;
    private readonly int _wake = -1;

    private HostWatch(int pid, bool isParent, bool usePidfd, TimeProvider clock)
    {
        Pid = pid;
        _pidfd = usePidfd ? (int)Libc.Syscall(Libc.SYS_pidfd_open, pid, 0) : -1;
        if (isParent && Libc.GetParentPid() != pid)
        {
            // It died before the descriptor could be opened, which therefore is of some other process.
            _gone.SetResult();
        }

        if (_pidfd >= 0)
        {
            _wake = Libc.EventFd(0, 0x80000 /* EFD_CLOEXEC */);
            _thread = new Thread(WaitForExit, 128 * 1024) { IsBackground = true, Name = "host watch" };
            _thread.Start();
        }
        else if (isParent)
        {
            _timer = clock.CreateTimer(_ => CheckParent(), null, FallbackInterval, FallbackInterval);
        }
    }

    /// <summary>The watched process.</summary>
    public int Pid { get; }

    /// <summary>Completes when it has ended.</summary>
    public Task Gone => _gone.Task;

    public static HostWatch OfParent(TimeProvider clock, bool usePidfd = true) => new(Libc.GetParentPid(), true, usePidfd, clock);

    /// <summary>Watches any process, for tests.</summary>
    internal static HostWatch Of(int pid) => new(pid, false, true, TimeProvider.System);

    public unsafe void Dispose()
    {
        _timer?.Dispose();
        if (_thread is null)
        {
            return;
        }

        var one = 1UL;
        _ = Libc.Write(_wake, (byte*)&one, sizeof(ulong));
        _thread.Join();
        _ = Libc.Close(_pidfd);
        _ = Libc.Close(_wake);
    }

    private void CheckParent()
    {
        if (Libc.GetParentPid() != Pid)
        {
            _gone.TrySetResult();
        }
    }

    // A pidfd becomes readable when its process ends. The second descriptor ends the wait on dispose.
    private unsafe void WaitForExit()
    {
        var descriptors = stackalloc Libc.PollFd[2];
        descriptors[0] = new Libc.PollFd { Fd = _pidfd, Events = Libc.POLLIN };
        descriptors[1] = new Libc.PollFd { Fd = _wake, Events = Libc.POLLIN };
        // The only failures are interruptions by signals.
        while (Libc.Poll(descriptors, 2, -1) < 0)
        {
        }

        if (descriptors[0].Returned != 0)
        {
            _gone.TrySetResult();
        }
    }
}
