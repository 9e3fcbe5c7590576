using System.Globalization;
using LinuxHost;

namespace VmPool.Recovery;

/// <summary>
/// The directory in /run that all plugin processes of the host share: slot claims, the registry of groups, and the locks
/// around them. It is there only while something is in it.
/// </summary>
public sealed class RunDirectory(string path = RunDirectory.DefaultPath)
{
    /// <summary>Where it is on every host.</summary>
    public const string DefaultPath = "/run/fleeting-plugin-vmpool";

    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(3);

    /// <summary>Its absolute path.</summary>
    public string FullPath { get; } = Path.GetFullPath(path);

    /// <summary>Waits for one of the host-wide locks, at most 30 s. Disposing releases it and removes an empty directory.</summary>
    /// <param name="name">A file name: <c>host</c>, or a slot's address.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HostResourceException">The holder did not let go in time; names its pid.</exception>
    public async Task<IDisposable> LockAsync(string name, CancellationToken cancellationToken)
    {
        string file = Path.Combine(FullPath, name + ".lock");
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (TryLock(file) is { } held)
            {
                return new Held(held, FullPath);
            }
            if (TimeProvider.System.GetElapsedTime(start) > LockTimeout)
            {
                throw new HostResourceException(string.Create(CultureInfo.InvariantCulture,
                    $"the lock {file} was not free within {LockTimeout.TotalSeconds} s; it is held by pid {FileLock.HolderOf(file)?.ToString(CultureInfo.InvariantCulture) ?? "unknown"}"));
            }
            await Task.Delay(LockPoll, cancellationToken);
        }
    }

    private FileLock? TryLock(string file)
    {
        try
        {
            PrivateDirectory.Ensure(FullPath);
            return FileLock.TryAcquire(file);
        }
        catch (HostResourceException) when (!Directory.Exists(FullPath))
        {
            // Whoever was last has removed the directory between our two steps; the next round makes it again.
            return null;
        }
    }

    private sealed class Held(FileLock held, string directory) : IDisposable
    {
        public void Dispose()
        {
            held.Dispose();
            try
            {
                Directory.Delete(directory);
            }
            catch (IOException)
            {
                // Not empty, or already gone: both are for somebody else to end.
            }
        }
    }
}
