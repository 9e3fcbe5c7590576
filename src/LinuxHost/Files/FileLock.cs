using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace LinuxHost;

/// <summary>
/// A lock that a living process holds: flock on a file that carries the holder's pid and start time. The kernel releases it
/// when the process dies, however it dies; the file may stay then and is simply locked again. Children never hold it.
/// </summary>
public sealed class FileLock : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly SafeFileHandle _handle;

    private FileLock(string path, SafeFileHandle handle)
    {
        _path = path;
        _handle = handle;
    }

    /// <summary>Takes the lock or returns null at once when it is held (also by another lock of this very process).</summary>
    /// <exception cref="HostResourceException">The file cannot be opened or locked; names it and the errno.</exception>
    public static FileLock? TryAcquire(string path)
    {
        while (true)
        {
            int descriptor = Libc.Open(path, Libc.OpenReadWrite | Libc.OpenCreate | Libc.OpenCloseOnExec, 0x180 /* 0600 */);
            if (descriptor < 0)
            {
                throw Errno.Failure($"cannot open lock file {path}", Libc.LastErrno);
            }
            var handle = new SafeFileHandle(descriptor, ownsHandle: true);
            if (Libc.RetryInterrupted(() => Libc.Lock(descriptor, Libc.LockExclusive | Libc.LockNonBlocking)) < 0)
            {
                int errno = Libc.LastErrno;
                handle.Dispose();
                return errno == Errno.WouldBlock ? null : throw Errno.Failure($"cannot lock {path}", errno);
            }
            // A holder deletes the file before it lets go: a lock on a deleted file protects nothing, so try the new one.
            if (Libc.NodeOf(path) is { } named && named == Libc.NodeOf($"/proc/self/fd/{descriptor}"))
            {
                WriteHolder(path, handle);
                return new FileLock(path, handle);
            }
            handle.Dispose();
        }
    }

    /// <summary>
    /// Waits for the lock. The kernel tells nobody when a lock is let go (its blocking call could not be cancelled), so it is
    /// tried once a second. No deadline: the holder has deadlines of its own, and when it dies the kernel takes the lock from it.
    /// </summary>
    /// <param name="path">The lock file.</param>
    /// <param name="waiting">Told once, with the holder's pid if it is known, when the lock is not free.</param>
    /// <param name="time">Measures the second.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HostResourceException">The file cannot be opened or locked; names it and the errno.</exception>
    public static async Task<FileLock> WaitAsync(string path, Action<int?> waiting, TimeProvider time, CancellationToken cancellationToken)
    {
        for (bool told = false; ; told = true)
        {
            if (TryAcquire(path) is { } acquired)
            {
                return acquired;
            }
            if (!told)
            {
                waiting(HolderOf(path));
            }
            await Task.Delay(LookEvery, time, cancellationToken);
        }
    }

    /// <summary>The pid of the living process that holds or last held the lock; null when unknown or dead. For messages only.</summary>
    public static int? HolderOf(string path)
    {
        // Not through File.ReadAllText: .NET itself puts a shared flock on what it opens, which ours would refuse, and disturb.
        int descriptor = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            return null;
        }
        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        Span<byte> buffer = stackalloc byte[64];
        string[] parts = Encoding.ASCII.GetString(buffer[..RandomAccess.Read(handle, buffer, 0)]).TrimEnd().Split(' ');
        return parts.Length == 2
            && int.TryParse(parts[0], CultureInfo.InvariantCulture, out int pid)
            && ulong.TryParse(parts[1], CultureInfo.InvariantCulture, out ulong startTicks)
            && ProcessTable.Identify(pid) == new ProcessIdentity(pid, startTicks) ? pid : null;
    }

    /// <summary>Deletes the file and releases the lock.</summary>
    public void Dispose()
    {
        if (_handle.IsClosed)
        {
            return;
        }
        AtomicFile.RemoveQuietly(_path);
        // Unlocked explicitly: a child between fork and exec still shares the open file and would prolong the lock.
        _ = Libc.Lock((int)_handle.DangerousGetHandle(), Libc.LockRelease);
        _handle.Dispose();
    }

    private static void WriteHolder(string path, SafeFileHandle handle)
    {
        ulong startTicks = ProcessTable.StartTicks(Environment.ProcessId);
        byte[] holder = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {startTicks}\n"));
        try
        {
            RandomAccess.Write(handle, holder, 0);
            RandomAccess.SetLength(handle, holder.Length);
        }
        catch (IOException e)
        {
            AtomicFile.RemoveQuietly(path);
            handle.Dispose();
            throw new HostResourceException($"cannot write lock file {path}: {e.Message}", e);
        }
    }
}
