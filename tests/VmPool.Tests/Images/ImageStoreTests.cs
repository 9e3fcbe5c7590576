using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using VmPool.Images;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Tests.Images;

public sealed class ImageStoreTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vmpool-images-");
    private readonly FakeRootDiskBuilder _builder = new();
    private readonly FakeHypervisor _hypervisor = new();
    private readonly FakeSlotPool _slots = new();
    private readonly MovableClock _clock = new();

    public ImageStoreTests()
    {
        string apt = _root.CreateSubdirectory("apt").FullName;
        File.WriteAllText(Path.Combine(apt, "sources.list"), "deb http://mirror.example/debian bookworm main\n");
    }

    private string Images => Path.Combine(_root.FullName, "images");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task A_build_publishes_a_read_only_generation_with_its_manifest_and_leaves_nothing_else()
    {
        await using ImageStore store = Store(["true"]);

        ImageGeneration image = await store.CurrentAsync(CancellationToken.None);

        Assert.Equal("root disk + prebuild", await File.ReadAllTextAsync(image.DiskPath));
        Assert.Equal("kernel", await File.ReadAllTextAsync(image.KernelPath));
        Assert.Equal("ci", image.User);
        Assert.Contains("root=/dev/vda", image.KernelCommandLine, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead, File.GetUnixFileMode(image.DiskPath));
        Assert.Equal(Path.Combine(Images, image.Hash), image.Directory);
        using JsonDocument manifest = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(image.Directory, "manifest.json")));
        Assert.Equal("true", manifest.RootElement.GetProperty("commands")[0].GetString());
        Assert.True(manifest.RootElement.GetProperty("durations").TryGetProperty("prebuild", out _));
        Assert.Equal(new ImageStatus("ready", image.Hash, image.Directory), store.Status);
        Assert.Equal([$"group-image-{image.Hash[..8]}"], _slots.Acquired);
        Assert.Equal(_slots.Acquired, _slots.Released);
        Assert.Equal(["groups", image.Hash, "logs", .. Directory.GetDirectories(Images, "rootfs-*").Select(path => Path.GetFileName(path))],
            Directory.GetFileSystemEntries(Images).Select(path => Path.GetFileName(path)).OrderBy(Order));

        string Order(string name) => name == "groups" ? "0" : name == image.Hash ? "1" : name == "logs" ? "2" : "3";
    }

    [Fact]
    public async Task The_preparation_boots_the_image_with_seed_and_report_disk_as_the_slots_user()
    {
        await using ImageStore store = Store(["true"]);

        await store.CurrentAsync(CancellationToken.None);

        BootRequest request = _hypervisor.Request!;
        Assert.Equal((false, true, false), (request.Disks[0].ReadOnly, request.Disks[1].ReadOnly, request.Disks[2].ReadOnly));
        Assert.Equal("vp7", request.NetworkNamespace);
        Assert.Equal(23456u, request.UserId);
        Assert.True(_hypervisor.KernelMode.HasFlag(UnixFileMode.OtherRead));
        Assert.All(request.Disks, disk => Assert.Equal("raw", disk.Format));
    }

    [Fact]
    public async Task Everybody_who_asks_at_the_same_time_waits_for_the_same_build()
    {
        await using ImageStore store = Store([]);

        ImageGeneration[] images = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => store.CurrentAsync(CancellationToken.None)));

        Assert.Single(images.Select(image => image.Hash).Distinct());
        Assert.Equal(1, _builder.Builds);
        Assert.Single(_slots.Acquired);
    }

    [Fact]
    public async Task A_second_store_finds_the_published_generation_without_building()
    {
        await using (ImageStore first = Store([]))
        {
            await first.CurrentAsync(CancellationToken.None);
        }
        await using ImageStore second = Store([]);

        await second.CurrentAsync(CancellationToken.None);

        Assert.Equal(1, _builder.Builds);
        Assert.Single(_slots.Acquired);
    }

    [Fact]
    public async Task A_generation_of_an_older_version_has_its_initial_RAM_disk()
    {
        ImageGeneration image;
        await using (ImageStore first = Store([]))
        {
            image = await first.CurrentAsync(CancellationToken.None);
        }
        string manifest = Path.Combine(image.Directory, "manifest.json");
        JsonObject written = JsonNode.Parse(await File.ReadAllTextAsync(manifest))!.AsObject();
        Assert.True(written.Remove("prepared"));
        Assert.True(written.Remove("without_initrd"));
        await File.WriteAllTextAsync(manifest, written.ToJsonString());
        await using ImageStore second = Store([]);

        Assert.Equal(image, await second.CurrentAsync(CancellationToken.None));
        Assert.NotNull(image.InitrdPath);
    }

    [Fact]
    public async Task Two_stores_of_one_directory_build_a_generation_once()
    {
        await using ImageStore one = Store([], "one");
        await using ImageStore two = Store([], "two");

        ImageGeneration[] images = await Task.WhenAll(one.CurrentAsync(CancellationToken.None), two.CurrentAsync(CancellationToken.None));

        Assert.Equal(images[0], images[1]);
        Assert.Single(_slots.Acquired);
        Assert.Equal(["one", "two"], Assert.Single(one.List()).Groups.Order());
    }

    [Fact]
    public async Task Other_commands_make_another_generation_of_the_same_root_file_system_and_the_unused_one_goes()
    {
        await using ImageStore before = Store(["echo 1"]);
        ImageGeneration old = await before.CurrentAsync(CancellationToken.None);
        await using ImageStore after = Store(["echo 2"]);

        ImageGeneration current = await after.CurrentAsync(CancellationToken.None);

        Assert.NotEqual(old.Hash, current.Hash);
        Assert.Equal(1, _builder.Builds);
        Assert.False(Directory.Exists(old.Directory));
        Assert.Equal(current.Hash, Assert.Single(after.List()).Hash);
    }

    [Fact]
    public async Task A_generation_that_a_machine_or_another_group_uses_stays()
    {
        await using ImageStore first = Store(["echo 1"]);
        ImageGeneration running = await first.CurrentAsync(CancellationToken.None);
        LinuxHost.HardLink.Create(running.DiskPath, Path.Combine(_root.FullName, "base.raw"));
        await using ImageStore other = Store(["echo 2"], "other");
        ImageGeneration foreign = await other.CurrentAsync(CancellationToken.None);
        await using ImageStore second = Store(["echo 3"]);

        ImageGeneration current = await second.CurrentAsync(CancellationToken.None);

        Dictionary<string, StoredImage> stored = second.List().ToDictionary(image => image.Hash);
        Assert.Equal(3, stored.Count);
        Assert.Equal(1, stored[running.Hash].Users);
        Assert.Empty(stored[running.Hash].Groups);
        Assert.Equal(["other"], stored[foreign.Hash].Groups);
        Assert.Equal(["group"], stored[current.Hash].Groups);
    }

    [Fact]
    public async Task A_failed_build_is_remembered_until_its_pause_is_over_and_the_pause_doubles()
    {
        _builder.Fault = new IOException("no space on fake device");
        await using ImageStore store = Store([]);

        var error = await Assert.ThrowsAsync<ImageBuildException>(() => store.CurrentAsync(CancellationToken.None));
        Assert.Contains("step fetch failed: no space on fake device", error.Message, StringComparison.Ordinal);
        Assert.Contains("fetching nothing", error.Message, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(Images, "logs"), error.Message, StringComparison.Ordinal);
        Assert.Equal("failed", store.Status.State);

        var again = await Assert.ThrowsAsync<ImageBuildException>(() => store.CurrentAsync(CancellationToken.None));
        Assert.Contains("no space on fake device", again.Message, StringComparison.Ordinal);
        Assert.Contains("next try", again.Message, StringComparison.Ordinal);
        Assert.Equal(1, _builder.Builds);

        _clock.Advance(TimeSpan.FromSeconds(61));
        await Assert.ThrowsAsync<ImageBuildException>(() => store.CurrentAsync(CancellationToken.None));
        Assert.Equal(2, _builder.Builds);

        _clock.Advance(TimeSpan.FromSeconds(61));
        await Assert.ThrowsAsync<ImageBuildException>(() => store.CurrentAsync(CancellationToken.None));
        Assert.Equal(2, _builder.Builds);

        _clock.Advance(TimeSpan.FromSeconds(60));
        _builder.Fault = null;
        await store.CurrentAsync(CancellationToken.None);
        Assert.Equal("ready", store.Status.State);
    }

    [Fact]
    public async Task A_rebuild_and_changed_inputs_do_not_wait_for_the_pause()
    {
        _builder.Fault = new IOException("fault");
        await using ImageStore store = Store([]);
        await Assert.ThrowsAsync<ImageBuildException>(() => store.CurrentAsync(CancellationToken.None));
        await Assert.ThrowsAsync<ImageBuildException>(() => store.RebuildAsync(CancellationToken.None));
        Assert.Equal(2, _builder.Builds);

        _builder.Fault = null;
        await File.WriteAllTextAsync(Path.Combine(_root.FullName, "apt", "sources.list"), "deb http://other.example/debian bookworm main\n");

        await store.CurrentAsync(CancellationToken.None);
        Assert.Equal(3, _builder.Builds);
    }

    [Fact]
    public async Task A_rebuild_replaces_a_finished_generation()
    {
        await using ImageStore store = Store([]);
        ImageGeneration first = await store.CurrentAsync(CancellationToken.None);

        ImageGeneration second = await store.RebuildAsync(CancellationToken.None);

        Assert.Equal(first, second);
        Assert.Equal(2, _builder.Builds);
        Assert.Equal("root disk + prebuild", await File.ReadAllTextAsync(second.DiskPath));
    }

    [Fact]
    public async Task What_a_killed_build_left_is_removed_and_what_a_living_one_holds_is_not()
    {
        string dead = Directory.CreateDirectory(Path.Combine(Images, ".building-0123-abc.def")).FullName;
        string alive = Directory.CreateDirectory(Path.Combine(Images, ".building-4567-abc.def")).FullName;
        using LinuxHost.FileLock held = LinuxHost.FileLock.TryAcquire(Path.Combine(Images, ".lock-4567"))!;
        await using ImageStore store = Store([]);

        await store.CurrentAsync(CancellationToken.None);

        Assert.False(Directory.Exists(dead));
        Assert.True(Directory.Exists(alive));
    }

    [Fact]
    public async Task Disposing_ends_a_running_build_and_gives_its_slot_back()
    {
        _hypervisor.Lifetime = new TaskCompletionSource().Task;
        _hypervisor.Result = """{"state":"running"}""";
        ImageStore store = Store(["sleep 1000"]);
        Task<ImageGeneration> asking = store.CurrentAsync(CancellationToken.None);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (_hypervisor.Request is null)
        {
            await Task.Delay(10, deadline.Token);
        }

        await store.DisposeAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Equal(_slots.Acquired, _slots.Released);
    }

    private ImageStore Store(IReadOnlyList<string> commands, string group = "group") => new(
        new GroupOptions { Name = group, DiskDirectory = _root.FullName, Image = new ImageOptions { PrebuildCommands = commands } },
        _hypervisor, _slots, _clock, NullLogger<ImageStore>.Instance, _builder, Path.Combine(_root.FullName, "apt"));
}
