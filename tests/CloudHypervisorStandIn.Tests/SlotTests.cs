using LinuxHost;

namespace CloudHypervisorStandIn.Tests;

/// <summary>As our driver starts it: in a network namespace with a TAP device, as a user without any right.</summary>
public sealed class SlotTests : IAsyncLifetime, IDisposable
{
    private const string UserId = "64124";

    // The host's own node may be closed to users. The namespace that `ip` makes for mounts ends with the process.
    private const string OwnTun = """mknod -m 0666 "$1" c 10 200; mount --bind "$1" /dev/net/tun; shift; exec "$@" """;

    private readonly TestDirectory _directory = new();
    private readonly string _slot = $"ch-test-{Guid.NewGuid().ToString("N")[..8]}";

    public async Task InitializeAsync()
    {
        Assert.True(Environment.IsPrivilegedProcess, "this test makes a network namespace: run it as root");
        await RunAsync("ip", "netns", "add", _slot);
        await RunAsync("ip", "-n", _slot, "tuntap", "add", "tap0", "mode", "tap", "vnet_hdr", "user", UserId);
        await RunAsync("ip", "-n", _slot, "link", "set", "tap0", "mtu", "1400", "up");
    }

    public async Task DisposeAsync() => await RunAsync("ip", "netns", "del", _slot);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_user_without_rights_boots_and_clones_a_machine_with_a_tap_device_and_the_second_user_of_it_is_refused()
    {
        const string Net = ",\"net\":[{\"id\":\"net0\",\"tap\":\"tap0\",\"mac\":\"52:54:00:00:00:02\"}]";
        string snapshot = Directory.CreateDirectory(_directory["snapshot"]).FullName;
        var vm = new TestVm(_directory);
        await RunAsync("chown", "-R", $"{UserId}:{UserId}", _directory.Path);
        string program = await CopyProgramAsync();

        using StandInProcess first = await ServeAsync(program, "first");
        await first.RequireAsync("vm.create", vm.Config(Net));
        await first.RequireAsync("vm.boot");
        await Eventually.TrueAsync(() => TestVm.Numbers(vm.Serial).Count > 0, "the guest counts");
        using var other = new TestDirectory();
        var rival = new TestVm(other);
        await RunAsync("chown", "-R", $"{UserId}:{UserId}", other.Path);
        using StandInProcess second = await ServeAsync(program, "second");
        await second.RequireAsync("vm.create", rival.Config(Net));
        Assert.Contains("Device or resource busy (os error 16)", await second.CallAsync("PUT", "vm.boot"), StringComparison.Ordinal);
        await first.RequireAsync("vm.pause");
        await first.RequireAsync("vm.snapshot", $$"""{"destination_url":"file://{{snapshot}}"}""");
        first.Signal(9);
        await first.WaitForExitAsync();
        // Only then the TAP device is free again.
        await Eventually.TrueAsync(() => vm.FindProcesses().Count == 0, "QEMU ends");

        // What belongs to root can be read and not written, and so a clone gets its memory.
        await RunAsync("chown", "root", vm.Ram);
        File.SetUnixFileMode(vm.Ram, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        string config = Path.Combine(snapshot, "config.json");
        string restore = $$"""{"source_url":"file://{{snapshot}}","resume":true}""";
        await second.RequireAsync("vm.delete");
        Assert.Contains("Failed to create shared file", await second.CallAsync("PUT", "vm.restore", restore), StringComparison.Ordinal);
        await File.WriteAllTextAsync(config, (await File.ReadAllTextAsync(config)).Replace(
            $"\"file\":\"{vm.Ram}\",\"shared\":true", $"\"file\":\"{vm.Ram}\",\"shared\":false", StringComparison.Ordinal));
        await second.RequireAsync("vm.restore", restore);
        await Eventually.TrueAsync(() => TestVm.Numbers(vm.Serial).Count > 0, "the clone counts");
    }

    private async Task<StandInProcess> ServeAsync(string program, string name)
    {
        StandInProcess process = StandInProcess.Start(_directory, name,
        [
            "netns", "exec", _slot, "sh", "-euc", OwnTun, "sh", _directory[$"{name}.tun"],
            "setpriv", "--reuid", UserId, "--regid", UserId, "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--",
            program, "--api-socket", $"path={_directory[$"{name}.sock"]}",
        ], program: "ip");
        await process.WaitForSocketAsync();
        return process;
    }

    // The build's directory need not be open to everybody.
    private async Task<string> CopyProgramAsync()
    {
        string copy = Directory.CreateDirectory(_directory["program"]).FullName;
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }
        await RunAsync("chmod", "-R", "a+rX", copy);
        return Path.Combine(copy, "cloud-hypervisor");
    }

    private static async Task RunAsync(string program, params string[] arguments) =>
        await HostCommand.RunAsync(program, arguments, null, CancellationToken.None);
}
