namespace LinuxHost.Tests.Files;

public sealed class FileLockTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string LockPath => _directory.File("group.lock");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_lock_is_held_once_names_its_holder_and_is_free_after_release()
    {
        FileLock? first = FileLock.TryAcquire(LockPath);
        Assert.NotNull(first);
        Assert.Null(FileLock.TryAcquire(LockPath));
        Assert.Equal(Environment.ProcessId, FileLock.HolderOf(LockPath));
        first.Dispose();
        first.Dispose();
        Assert.False(File.Exists(LockPath));
        Assert.Null(FileLock.HolderOf(LockPath));
        using FileLock? second = FileLock.TryAcquire(LockPath);
        Assert.NotNull(second);
    }

    [Fact]
    public async Task The_lock_of_a_killed_process_is_free_and_its_pid_no_longer_named()
    {
        // flock(1) takes the very kind of lock; the content is what a killed holder of ours leaves.
        string marker = _directory.File("locked");
        ChildProcess child = Spawn.Start(new SpawnRequest
        {
            Program = "flock",
            Arguments = ["--no-fork", LockPath, "sh", "-c", "echo $$ $(cut -d' ' -f22 /proc/$$/stat) > \"$1\"; > \"$2\"; exec sleep 300", "sh", LockPath, marker],
            OutputPath = "/dev/null",
        });
        await Eventually.TrueAsync(() => File.Exists(marker), "the child holds the lock");
        Assert.Null(FileLock.TryAcquire(LockPath));
        Assert.Equal(child.Identity.Pid, FileLock.HolderOf(LockPath));

        child.Kill();
        await child.Exited.WaitAsync(Eventually.Deadline);
        Assert.Null(FileLock.HolderOf(LockPath));
        using FileLock? mine = FileLock.TryAcquire(LockPath);
        Assert.NotNull(mine);
        Assert.Equal(Environment.ProcessId, FileLock.HolderOf(LockPath));
    }

    [Fact]
    public async Task A_child_does_not_keep_the_lock()
    {
        FileLock held = FileLock.TryAcquire(LockPath)!;
        ChildProcess child = Spawn.Start(new SpawnRequest { Program = "sleep", Arguments = ["300"], OutputPath = "/dev/null" });
        held.Dispose();
        using FileLock? again = FileLock.TryAcquire(LockPath);
        child.Kill();
        await child.Exited.WaitAsync(Eventually.Deadline);
        Assert.NotNull(again);
    }

    [Fact]
    public async Task Two_contenders_never_hold_it_together()
    {
        int holders = 0;
        int successes = 0;
        void Contend()
        {
            for (int i = 0; i < 2000; i++)
            {
                if (FileLock.TryAcquire(LockPath) is { } held)
                {
                    Assert.Equal(1, Interlocked.Increment(ref holders));
                    Interlocked.Increment(ref successes);
                    Interlocked.Decrement(ref holders);
                    held.Dispose();
                }
            }
        }
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(Contend))).WaitAsync(Eventually.Deadline);
        Assert.NotEqual(0, successes);
    }

    [Fact]
    public void An_impossible_lock_file_is_named() => Assert.Contains("/no/such/dir/lock: No such file", Assert.Throws<HostResourceException>(
        () => FileLock.TryAcquire("/no/such/dir/lock")).Message, StringComparison.Ordinal);
}
