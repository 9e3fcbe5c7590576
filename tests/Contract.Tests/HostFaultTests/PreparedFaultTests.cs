namespace Contract.Tests.HostFaultTests;

/// <summary>Files of a prepared image that cannot be used.</summary>
[Collection(SharedGoHost.Name)]
public sealed class PreparedFaultTests(GoHost go) : IAsyncLifetime
{
    private PlayedHost _host = null!;

    public async Task InitializeAsync() => _host = await PlayedHost.CreateAsync(go);

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Fact]
    public async Task A_file_that_is_not_there_is_told_by_key_and_path_at_Init() =>
        (await _host.InitAsync(new() { ["image.mirror"] = "", ["image.prepared"] = true, ["image.source"] = "/etc/os-release", ["image.kernel"] = "/nowhere/vmlinuz" }))
            .AssertRefusedOnlyFor("image.kernel cannot be used: cannot look at /nowhere/vmlinuz: No such file or directory");

    [Fact]
    public async Task What_only_builds_images_is_not_asked_for()
    {
        await _host.HideAsync("mmdebstrap", "genisoimage", "mke2fs");
        (await _host.InitAsync(new() { ["image.mirror"] = "", ["image.prepared"] = true, ["image.source"] = "/etc", ["image.kernel"] = "/etc/os-release" }))
            .AssertRefusedOnlyFor("image.source cannot be used: /etc is a directory, not a regular file");
    }
}
