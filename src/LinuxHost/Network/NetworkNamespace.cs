using System.Runtime.ExceptionServices;

namespace LinuxHost;

/// <summary>
/// Named network namespaces as iproute2 keeps them: a bind mount of the namespace under /run/netns.
/// </summary>
public static class NetworkNamespace
{
    /// <summary>Where iproute2 keeps the names.</summary>
    public const string Directory = "/run/netns";

    private const string OwnNamespace = "/proc/self/ns/net";

    /// <summary>Creates an empty namespace (loopback down).</summary>
    /// <exception cref="HostCommandException">The name is taken, or the right to create namespaces is missing.</exception>
    public static async Task CreateAsync(string name, CancellationToken cancellationToken = default)
    {
        CheckName(name);
        await HostCommand.RunAsync("ip", ["netns", "add", name], cancellationToken: cancellationToken);
    }

    /// <summary>
    /// Removes the name and with it, once no process lives there, every device and rule inside. Devices vanish some
    /// milliseconds later: delete a veth explicitly first when its name is to be used again. Nothing happens when it is gone.
    /// </summary>
    /// <exception cref="HostResourceException">The kernel refused; names it and the errno.</exception>
    public static Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        CheckName(name);
        return Task.Run(() => Delete(name, PathOf(name)), cancellationToken);
    }

    /// <summary>Whether the name is taken, be it by a whole namespace or by the rest of an interrupted creation.</summary>
    public static bool Exists(string name)
    {
        CheckName(name);
        return File.Exists(PathOf(name));
    }

    /// <summary>All names, sorted.</summary>
    public static IReadOnlyList<string> List() =>
        System.IO.Directory.Exists(Directory)
            ? [.. System.IO.Directory.EnumerateFiles(Directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
            : [];

    /// <summary>The inode that processes inside show in /proc/PID/ns/net; null when there is no whole namespace of this name.</summary>
    public static ulong? InodeOf(string name)
    {
        CheckName(name);
        // A creation killed halfway leaves a plain file, which lives on another device than the namespaces.
        return Libc.NodeOf(PathOf(name)) is { } node && Libc.NodeOf(OwnNamespace) is { } own
            && (node.DeviceMajor, node.DeviceMinor) == (own.DeviceMajor, own.DeviceMinor) ? node.Inode : null;
    }

    /// <summary>The inode of the namespace this process lives in.</summary>
    public static ulong OwnInode =>
        Libc.NodeOf(OwnNamespace)?.Inode ?? throw Errno.Failure($"cannot look at {OwnNamespace}", Libc.LastErrno);

    /// <summary>The file that stands for the namespace.</summary>
    public static string PathOf(string name) => Path.Join(Directory, name);

    /// <summary>
    /// Runs code inside the namespace, on a thread of its own that ends afterwards: opened sockets, taps and paths below
    /// /proc/sys/net are then those of the namespace. The code must not wait for other tasks, nor have any continue: a thread
    /// inherits the namespaces of the one that creates it, and the pool's are created by whoever queues work.
    /// </summary>
    /// <exception cref="HostResourceException">There is no such namespace, or it may not be entered.</exception>
    public static Task<T> RunInsideAsync<T>(string name, Func<T> action)
    {
        CheckName(name);
        // Its thread is created at its first use, which may be in there.
        _ = ExitWatcher.Shared;
        // Hence two threads: the one that tells the caller has never been inside.
        return Task.Factory.StartNew(() => RunInside(name, action), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private static T RunInside<T>(string name, Func<T> action)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        var inside = new Thread(() =>
        {
            try
            {
                Enter(name);
                result = action();
            }
#pragma warning disable CA1031 // Whatever the code throws belongs to the caller, not to this thread.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        { IsBackground = true, Name = $"netns {name}" };
        inside.Start();
        inside.Join();
        failure?.Throw();
        return result!;
    }

    private static void Delete(string name, string path)
    {
        // Asked first: on a read-only file system removing what is not there fails for another reason.
        if (!File.Exists(path))
        {
            return;
        }
        // The same two calls as `ip netns delete`. EINVAL: no mount, only the file that a killed creation has left.
        if (Libc.Unmount(path, Libc.UnmountDetach) < 0 && Libc.LastErrno is var errno and not (Errno.Invalid or Errno.NoEntry))
        {
            throw Errno.Failure($"cannot unmount network namespace {name}", errno);
        }
        if (Libc.UnlinkAt(Libc.AtCurrentDirectory, path, 0) < 0 && Libc.LastErrno is var reason and not Errno.NoEntry)
        {
            throw Errno.Failure($"cannot remove the name of network namespace {name}", reason);
        }
    }

    private static void Enter(string name)
    {
        int descriptor = Libc.Open(PathOf(name), Libc.OpenReadOnly | Libc.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            throw Errno.Failure($"cannot open network namespace {name}", Libc.LastErrno);
        }
        int entered = Libc.SetNamespace(descriptor, Libc.CloneNewNetwork);
        int errno = Libc.LastErrno;
        _ = Libc.Close(descriptor);
        if (entered < 0)
        {
            throw Errno.Failure($"cannot enter network namespace {name}", errno);
        }
    }

    private static void CheckName(string name)
    {
        if (name.Length is 0 or > 200 || name.StartsWith('.') || name.StartsWith('-') || name.Contains('/', StringComparison.Ordinal))
        {
            throw new ArgumentException($"'{name}' cannot name a network namespace", nameof(name));
        }
    }
}
