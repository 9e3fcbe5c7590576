namespace Contract.Tests.HostFaultTests;

/// <summary>Directories that are full, read-only, or no directories; and what a plugin leaves when it must end early.</summary>
[Collection(SharedGoHost.Name)]
public sealed class DirectoryFaultTests(GoHost go) : IAsyncLifetime
{
    private const string Elsewhere = PlayedHost.Root + "/elsewhere";

    private PlayedHost _host = null!;

    public async Task InitializeAsync() => _host = await PlayedHost.CreateAsync(go);

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Fact]
    public async Task A_full_disk_directory_lets_Init_pass_and_Increase_say_why_not()
    {
        await MountSmallAsync(Elsewhere, "4m");
        InitAnswer answer = await _host.InitAsync(new() { ["vm_disk_directory"] = Elsewhere }, ["-count", "2"]);
        Assert.Equal(0, answer.Accepted);
        answer.AssertRefused($"vm_disk_directory {Elsewhere} is full: ", " MiB free, 1024 MiB needed for each new instance");
    }

    [Fact]
    public async Task A_state_directory_without_a_single_free_byte_is_named()
    {
        await MountSmallAsync(PlayedHost.State, "64k");
        await _host.RunAsync("chmod", "0700", PlayedHost.State);
        // dd ends with an error when the file system is full, which is what it is for here.
        await Assert.ThrowsAsync<LinuxHost.HostCommandException>(() => _host.RunAsync("dd", "if=/dev/zero", $"of={PlayedHost.State}/filler", "bs=4k"));
        (await _host.InitAsync()).AssertRefused(PlayedHost.State, "No space left on device");
    }

    [Fact]
    public async Task A_read_only_state_directory_is_named()
    {
        await MountSmallAsync(PlayedHost.State, "1m");
        await _host.RunAsync("mount", "-o", "remount,ro", PlayedHost.State);
        (await _host.InitAsync()).AssertRefusedOnlyFor("state_directory cannot be used", PlayedHost.State, "Read-only file system");
    }

    [Fact]
    public async Task A_read_only_disk_directory_is_named()
    {
        await MountSmallAsync(Elsewhere, "1m");
        await _host.RunAsync("mount", "-o", "remount,ro", Elsewhere);
        (await _host.InitAsync(new() { ["vm_disk_directory"] = Elsewhere })).AssertRefusedOnlyFor("vm_disk_directory cannot be used", Elsewhere, "Read-only file system");
    }

    [Theory]
    [InlineData(PlayedHost.State, "it is a file")]
    [InlineData(PlayedHost.State + "/below", PlayedHost.State + " is a file")]
    public async Task A_file_in_the_place_of_the_state_directory_is_named(string directory, string expected)
    {
        await _host.WriteAsync(PlayedHost.State, "");
        (await _host.InitAsync(new() { ["state_directory"] = directory })).AssertRefusedOnlyFor("state_directory cannot be used", directory, expected);
    }

    [Fact]
    public async Task A_second_plugin_of_a_group_learns_who_holds_it_whatever_its_state_directory()
    {
        // Too small for an image: once the holder has said so, and has its one ready slot, its world does not change while
        // others are judged by it.
        await MountSmallAsync(Elsewhere, "1m");
        (LinuxHost.ChildProcess first, int holder) = await _host.HoldAsync(
            new() { ["vm_disk_directory"] = Elsewhere, ["max_vms"] = 1 }, "image build failed", "network slot ready");

        (await _host.InitAsync()).AssertRefusedOnlyFor("two [[runners]] entries need different `name`s", $"held by pid {holder}");
        (await _host.InitAsync(new() { ["state_directory"] = PlayedHost.Root + "/third" })).AssertRefusedOnlyFor("two [[runners]] entries need different `name`s", $"held by pid {holder}");
        (await _host.InitAsync(new() { ["name"] = "other" })).AssertAccepted();

        first.Kill();
        await _host.RunAsync("umount", "--lazy", Elsewhere);
        await _host.AssertHealthyAgainAsync();
        (await _host.InitAsync()).AssertAccepted();
    }

    [Fact]
    public async Task A_plugin_that_ends_in_the_middle_of_building_its_image_leaves_at_most_files_for_gc()
    {
        string disks = Path.Combine(_host.Scratch, "disks");

        InitAnswer answer = await _host.InitAsync(new() { ["vm_disk_directory"] = disks }, ["-until", "fetch started: mmdebstrap", "-hold", "700ms"]);

        answer.AssertAccepted();
        await _host.RunAsync(PlayedHost.Plugin, "gc", "--state-directory", PlayedHost.State);
        Assert.DoesNotContain(Directory.EnumerateDirectories(Path.Combine(disks, "images")), path => path.Contains(".building-", StringComparison.Ordinal));
    }

    private async Task MountSmallAsync(string path, string size)
    {
        await _host.RunAsync("mkdir", "-p", path);
        await _host.RunAsync("mount", "-t", "tmpfs", "-o", $"size={size},mode=0700", "none", path);
    }
}
