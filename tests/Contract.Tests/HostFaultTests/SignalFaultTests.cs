using System.Globalization;
using LinuxHost;

namespace Contract.Tests.HostFaultTests;

/// <summary>A person, or systemd, ends a command in the middle of its work.</summary>
[Collection(SharedGoHost.Name)]
public sealed class SignalFaultTests(GoHost go) : IAsyncLifetime
{
    private PlayedHost _host = null!;

    public async Task InitializeAsync() => _host = await PlayedHost.CreateAsync(go);

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_build_that_is_interrupted_says_so_in_one_line(string signal)
    {
        string config = Path.Combine(_host.Scratch, "config.toml"), output = Path.Combine(_host.Scratch, "build.log");
        // Nobody answers at the mirror's address: the build waits there.
        await File.WriteAllTextAsync(config, $"""
            [[runners]]
            [runners.autoscaler]
            plugin = "fleeting-plugin-vmpool"
            [runners.autoscaler.plugin_config]
            name = "interrupted"
            hypervisor = "qemu"
            accel = "tcg"
            state_directory = "{PlayedHost.State}"
            vm_disk_directory = "{PlayedHost.State}/disks"
            image.mirror = "http://192.0.2.80/debian"
            """);
        ChildProcess build = _host.Start(output, PlayedHost.Plugin, "image", "build", "--config", config);
        await PlayedHost.UntilAsync(() => build.Exited.IsCompleted || File.ReadAllText(output).Contains("fetch started", StringComparison.Ordinal), "the build fetches");
        Assert.False(build.Exited.IsCompleted, await File.ReadAllTextAsync(output));

        await HostCommand.RunAsync("kill", [$"-{signal}", build.Identity.Pid.ToString(CultureInfo.InvariantCulture)]);

        int? code = await build.Exited.WaitAsync(TimeSpan.FromSeconds(30));
        string[] lines = await File.ReadAllLinesAsync(output);
        Assert.Equal("interrupted", lines[^1]);
        Assert.DoesNotContain(lines, line => line.Contains("xception", StringComparison.Ordinal));
        Assert.Equal(130, code);
    }
}
