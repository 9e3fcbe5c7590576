using LinuxHost;
using Microsoft.Extensions.Logging.Abstractions;
using VmPool.Images;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Tests.Images;

public sealed class ImageCollectionTests : IDisposable
{
    private const string Foreign = "0123456789abcdef0123456789abcdef";
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vmpool-collection-");
    private readonly FakeRootDiskBuilder _builder = new();
    private readonly FakeHypervisor _hypervisor = new();
    private readonly FakeSlotPool _slots = new();

    public ImageCollectionTests() => File.WriteAllText(Path.Combine(_root.FullName, "sources.list"), "deb http://mirror.example/debian bookworm main\n");

    private string Images => Path.Combine(_root.FullName, "images");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task A_group_names_its_generation_before_it_builds_it()
    {
        string named = "";
        _builder.Meanwhile = () => named = File.ReadAllText(Path.Combine(Images, "groups", "group")).Trim();
        await using ImageStore store = Store();

        ImageGeneration image = await store.CurrentAsync(CancellationToken.None);

        Assert.Equal(image.Hash, named);
    }

    [Fact]
    public async Task A_generation_whose_disk_another_process_has_just_removed_fails_nobody_and_goes()
    {
        await using ImageStore store = Store();
        ImageGeneration image = await store.CurrentAsync(CancellationToken.None);
        string half = Directory.CreateDirectory(Path.Combine(Images, Foreign)).FullName;
        string manifest = await File.ReadAllTextAsync(Path.Combine(image.Directory, "manifest.json"));
        await File.WriteAllTextAsync(Path.Combine(half, "manifest.json"), manifest.Replace(image.Hash, Foreign, StringComparison.Ordinal));
        Assert.Equal(0, store.List().Single(stored => stored.Hash == Foreign).Users);

        await using ImageStore second = Store();
        await second.CurrentAsync(CancellationToken.None);

        Assert.False(Directory.Exists(half));
    }

    [Fact]
    public async Task A_generation_that_somebody_holds_is_not_collected_and_one_without_manifest_is()
    {
        string held = Directory.CreateDirectory(Path.Combine(Images, Foreign)).FullName;
        string broken = Directory.CreateDirectory(Path.Combine(Images, Foreign.Replace('0', 'f'))).FullName;
        using FileLock alone = FileLock.TryAcquire(Path.Combine(Images, ".lock-" + Foreign))!;
        await using ImageStore store = Store();

        await store.CurrentAsync(CancellationToken.None);

        Assert.True(Directory.Exists(held));
        Assert.False(Directory.Exists(broken));
    }

    [Fact]
    public async Task What_cannot_be_collected_fails_nobody()
    {
        string dead = Directory.CreateDirectory(Path.Combine(Images, ".building-4567-abc.def")).FullName;
        Directory.CreateDirectory(Path.Combine(Images, ".lock-4567"));
        await using ImageStore store = Store();

        await store.CurrentAsync(CancellationToken.None);

        Assert.True(Directory.Exists(dead));
        Assert.False(await ImageStore.CollectAsync(Images, NullLogger.Instance, CancellationToken.None));
    }

    [Fact]
    public async Task A_generation_without_a_readable_manifest_is_built_anew_over_it()
    {
        await using ImageStore store = Store();
        ImageGeneration image = await store.CurrentAsync(CancellationToken.None);
        await File.WriteAllTextAsync(Path.Combine(image.Directory, "manifest.json"), "");

        await using ImageStore second = Store();
        ImageGeneration again = await second.CurrentAsync(CancellationToken.None);

        Assert.Equal(image, again);
        Assert.Equal(image.Hash, Assert.Single(second.List()).Hash);
        Assert.Empty(Directory.GetDirectories(Images, ".building-*"));
    }

    [Fact]
    public async Task What_killed_builds_left_goes_before_the_next_build_needs_the_space()
    {
        await using ImageStore first = Store();
        ImageGeneration image = await first.CurrentAsync(CancellationToken.None);
        string same = Directory.CreateDirectory(Path.Combine(Images, $".building-{image.Hash}-abc.def")).FullName;
        string other = Directory.CreateDirectory(Path.Combine(Images, ".building-4567-abc.def")).FullName;
        bool[] there = [];
        _builder.Meanwhile = () => there = [Directory.Exists(same), Directory.Exists(other)];

        await first.RebuildAsync(CancellationToken.None);

        Assert.Equal([false, false], there);
    }

    [Fact]
    public async Task What_no_group_and_no_machine_uses_is_collected_without_a_build()
    {
        await using ImageStore store = Store();
        ImageGeneration named = await store.CurrentAsync(CancellationToken.None);
        string unused = Directory.CreateDirectory(Path.Combine(Images, Foreign)).FullName;

        Assert.True(await ImageStore.CollectAsync(Images, NullLogger.Instance, CancellationToken.None));

        Assert.False(Directory.Exists(unused));
        Assert.True(Directory.Exists(named.Directory));
    }

    [Fact]
    public async Task What_a_failed_preparation_began_with_is_there_for_the_next_one_and_goes_when_nothing_needs_it()
    {
        string stranger = Directory.CreateDirectory(Path.Combine(Images, "rootfs-" + Foreign)).FullName;
        _hypervisor.Result = """{"state":"failed","command":1,"code":3}""";
        await using ImageStore failing = Store();
        await Assert.ThrowsAsync<ImageBuildException>(() => failing.CurrentAsync(CancellationToken.None));

        Assert.True(await ImageStore.CollectAsync(Images, NullLogger.Instance, CancellationToken.None));

        _hypervisor.Result = """{"state":"sealed"}""";
        await using ImageStore next = Store();
        await next.CurrentAsync(CancellationToken.None);
        Assert.Equal(1, _builder.Builds);
        Assert.False(Directory.Exists(stranger));
    }

    [Fact]
    public async Task Scratch_is_collected_without_a_build_unless_a_living_one_holds_it()
    {
        Assert.True(await ImageStore.CollectAsync(Images, NullLogger.Instance, CancellationToken.None));
        string dead = Directory.CreateDirectory(Path.Combine(Images, ".building-0123-abc.def")).FullName;
        string alive = Directory.CreateDirectory(Path.Combine(Images, ".building-4567-abc.def")).FullName;
        using FileLock held = FileLock.TryAcquire(Path.Combine(Images, ".lock-4567"))!;

        Assert.True(await ImageStore.CollectAsync(Images, NullLogger.Instance, CancellationToken.None));

        Assert.False(Directory.Exists(dead));
        Assert.True(Directory.Exists(alive));
    }

    [Fact]
    public async Task Disposing_does_not_wait_for_a_build_that_cannot_end_and_the_next_one_removes_what_it_left()
    {
        var gate = new TaskCompletionSource();
        _slots.ReleaseGate = gate.Task;
        _hypervisor.Lifetime = new TaskCompletionSource().Task;
        _hypervisor.Result = """{"state":"running"}""";
        ImageStore store = Store();
        Task<ImageGeneration> asking = store.CurrentAsync(CancellationToken.None);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (_hypervisor.Request is null)
        {
            await Task.Delay(10, deadline.Token);
        }

        await store.DisposeAsync().AsTask().WaitAsync(deadline.Token);
        Assert.False(asking.IsCompleted);

        gate.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.NotEmpty(Directory.GetDirectories(Images, ".building-*"));
        _hypervisor.Lifetime = Task.CompletedTask;
        _hypervisor.Result = """{"state":"sealed"}""";
        await using ImageStore next = Store();
        await next.CurrentAsync(CancellationToken.None);
        Assert.Empty(Directory.GetDirectories(Images, ".building-*"));
    }

    [Fact]
    public async Task A_slot_that_is_not_released_is_added_to_the_builds_error()
    {
        _hypervisor.Result = """{"state":"failed","command":1,"code":3}""";
        _slots.ReleaseFault = new HostResourceException("cannot delete the fake namespace");
        await using ImageStore store = Store();

        var error = await Assert.ThrowsAsync<ImageBuildException>(() => store.CurrentAsync(CancellationToken.None));

        Assert.Contains("failed with exit code 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("network slot 7", error.Message, StringComparison.Ordinal);
        Assert.Contains("cannot delete the fake namespace", error.Message, StringComparison.Ordinal);
    }

    private ImageStore Store() => new(
        new GroupOptions { Name = "group", DiskDirectory = _root.FullName, Image = new ImageOptions { PrebuildCommands = ["true"] } },
        _hypervisor, _slots, TimeProvider.System, NullLogger<ImageStore>.Instance, _builder, _root.FullName);
}
