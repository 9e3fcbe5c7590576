using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>A process held by its pidfd: a child started by <see cref="Spawn"/>, or a watched stranger.</summary>
public sealed class ChildProcess
{
    private readonly SafeFileHandle _pidfd;

    internal ChildProcess(ProcessIdentity identity, SafeFileHandle pidfd, bool ours)
    {
        Identity = identity;
        _pidfd = pidfd;
        Exited = ExitWatcher.Shared.Watch(pidfd, ours);
    }

    /// <summary>Pid and start time.</summary>
    public ProcessIdentity Identity { get; }

    /// <summary>Completes with the exit code (128 + signal when killed; absent for a process that is not our child). Never faults.</summary>
    public Task<int?> Exited { get; }

    /// <summary>SIGKILL. Does nothing when the process has ended; never hits a process that reused the pid.</summary>
    /// <exception cref="HostResourceException">The kernel refused (a process of another user); names pid and errno.</exception>
    public void Kill() => Signal(Libc.SignalKill);

    /// <summary>Sends any signal, by its number. Does nothing when the process has ended.</summary>
    /// <exception cref="HostResourceException">The kernel refused; names pid and errno.</exception>
    public void Signal(int signal)
    {
        bool held = false;
        try
        {
            _pidfd.DangerousAddRef(ref held);
            if (Libc.PidfdSendSignal((int)_pidfd.DangerousGetHandle(), signal) < 0 && Libc.LastErrno != Errno.NoProcess)
            {
                throw Errno.Failure($"cannot send signal {signal} to pid {Identity.Pid}", Libc.LastErrno);
            }
        }
        catch (ObjectDisposedException)
        {
            // The watcher closes the pidfd once it has seen the end.
        }
        finally
        {
            if (held)
            {
                _pidfd.DangerousRelease();
            }
        }
    }

    /// <summary>Watches a process that somebody else started; absent when no such process lives.</summary>
    /// <exception cref="HostResourceException">The kernel could not give a pidfd for a reason other than absence.</exception>
    public static ChildProcess? Watch(ProcessIdentity identity)
    {
        int descriptor = Libc.PidfdOpen(identity.Pid);
        if (descriptor < 0)
        {
            // EINVAL: the number is a thread's or not positive, so no process of that identity.
            return Libc.LastErrno is Errno.NoProcess or Errno.Invalid
                ? null
                : throw Errno.Failure($"cannot watch pid {identity.Pid}; pidfd_open needs Linux 5.4 or later", Libc.LastErrno);
        }
        var pidfd = new SafeFileHandle(descriptor, ownsHandle: true);
        // The pidfd pins whichever process it got; only now is reading its start time free of a race with pid reuse.
        if (ProcessTable.Identify(identity.Pid) == identity && !ExitWatcher.HasEnded(descriptor))
        {
            return new ChildProcess(identity, pidfd, ours: false);
        }
        pidfd.Dispose();
        return null;
    }
}
