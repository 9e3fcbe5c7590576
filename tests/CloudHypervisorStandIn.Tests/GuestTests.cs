using System.Diagnostics;
using System.Text.RegularExpressions;
using LinuxHost;
using Qemu.Tests;

namespace CloudHypervisorStandIn.Tests;

/// <summary>Life and end of a booted machine.</summary>
public sealed partial class GuestTests : IDisposable
{
    private const int Kill = 9;

    private readonly TestDirectory _directory = new();

    [Fact]
    public async Task Nothing_runs_a_second_after_a_kill()
    {
        var vm = new TestVm(_directory);
        using StandInProcess process = await StandInProcess.BootAsync(_directory, "a", vm);
        Assert.Single(process.Guests);

        process.Signal(Kill);
        await AssertGoneAsync(vm);
    }

    [Fact]
    public async Task Nothing_runs_after_a_kill_in_the_middle_of_a_start()
    {
        var vm = new TestVm(_directory);
        for (int milliseconds = 0; milliseconds < 60; milliseconds += 6)
        {
            using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");
            await process.RequireAsync("vm.create", vm.Config());
            using RawClient client = await RawClient.ConnectAsync(process.Socket);
            await client.SendAsync("PUT /api/v1/vm.boot HTTP/1.1\r\n\r\n");
            await Task.Delay(milliseconds);

            process.Signal(Kill);
            await process.WaitForExitAsync();
            await AssertGoneAsync(vm);
        }
    }

    [Fact]
    public async Task A_guest_that_switches_itself_off_ends_the_process()
    {
        var vm = new TestVm(_directory, TestGuest.SwitchingOff());
        using StandInProcess process = await StandInProcess.BootAsync(_directory, "a", vm);

        Assert.Equal(0, await process.WaitForExitAsync());
        Assert.Equal(
            ["vmm starting", "vm booting", "vm booted", "vm shutdown", "vm deleted", "vmm shutdown"], TestEvents.Read(_directory["a.events"]));
    }

    [Fact]
    public async Task A_guest_that_resets_is_told_and_its_console_begins_anew()
    {
        var vm = new TestVm(_directory, TestGuest.Counting(last: 40));
        using StandInProcess process = await StandInProcess.BootAsync(_directory, "a", vm);

        await Eventually.TrueAsync(() => TestEvents.Read(_directory["a.events"]).Contains("vm rebooted"), "the guest resets");
        await Eventually.TrueAsync(() => TestVm.Numbers(vm.Serial) is [1, ..] and { Count: < 40 }, "it counts from the beginning");

        Assert.Equal(["vmm starting", "vm booting", "vm booted", "vm rebooting", "vm rebooted"], TestEvents.Read(_directory["a.events"]).Take(5));
    }

    [Fact]
    public async Task An_event_is_an_indented_object_and_an_empty_line()
    {
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");

        Assert.Matches(FirstEvent(), TestVm.ReadShared(_directory["a.events"]));
    }

    [Fact]
    public async Task Counters_are_told_by_device()
    {
        var vm = new TestVm(_directory);
        using StandInProcess process = await StandInProcess.BootAsync(_directory, "a", vm);

        string counters = await process.CallAsync("GET", "vm.counters");

        Assert.Contains("{\"root\":{\"read_bytes\":", counters, StringComparison.Ordinal);
        Assert.Contains("\"read_latency_min\":18446744073709551615", counters, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_must_be_what_it_is_said_to_be()
    {
        var vm = new TestVm(_directory);
        await HostCommand.RunAsync(
            "qemu-img", ["create", "-f", "qcow2", "-F", "raw", "-b", vm.Disk, _directory["overlay"]], null, CancellationToken.None);

        await AssertBootAsync(vm, "specified = raw, detected = qcow2", "Raw", "overlay");
        await AssertBootAsync(vm, "specified = qcow2, detected = raw", "Qcow2", "root.raw");
        await AssertBootAsync(vm, "Maximum disk nesting depth exceeded", "Qcow2", "overlay");
        await AssertBootAsync(vm, "HTTP/1.1 204 ", "Qcow2", "overlay", ",\"backing_files\":true");
    }

    [Fact]
    public async Task What_an_overlay_builds_on_lies_beside_it_and_must_be_permitted()
    {
        var vm = new TestVm(_directory);
        string below = _directory["below.qcow2"];
        await vm.OverlayAsync("below.qcow2", "root.raw", "raw");
        await vm.OverlayAsync("overlay", "below.qcow2", "qcow2");
        const string Backing = ",\"backing_files\":true";
        string Landlock(string path) => $$""","landlock_enable":true,"landlock_rules":[{"path":"{{path}}","access":"r"}]""";

        await AssertBootAsync(vm, "HTTP/1.1 204 ", "Qcow2", "overlay", Backing);
        await AssertBootAsync(vm, "HTTP/1.1 204 ", "Qcow2", "overlay", Backing, Landlock(_directory.Path));
        await AssertBootAsync(vm, $"\"Backing file I/O error: {below}\",\"Permission denied (os error 13)\"", "Qcow2", "overlay", Backing, Landlock(vm.Disk));
        File.Delete(vm.Disk);
        await AssertBootAsync(vm, $"I/O error (path={_directory["overlay"]} op=open)", "Qcow2", "overlay", Backing);
    }

    [Fact]
    public async Task What_is_not_offered_is_not_ignored_either()
    {
        var vm = new TestVm(_directory);
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");
        await process.RequireAsync("vm.create", vm.Config(",\"vsock\":{\"cid\":3,\"socket\":\"/none\"}"));

        Assert.Contains("the stand-in does not offer vsock", await process.CallAsync("PUT", "vm.boot"), StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Dispose();

    private static async Task AssertGoneAsync(TestVm vm)
    {
        var clock = Stopwatch.StartNew();
        while (vm.FindProcesses().Count > 0)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1), "QEMU ends within a second");
            await Task.Delay(5);
        }
    }

    private async Task AssertBootAsync(TestVm vm, string expected, string type, string file, string more = "", string rules = "")
    {
        using StandInProcess process = await StandInProcess.ServeAsync(_directory, "a");
        string config = vm.Config(rules).Replace(
            $"\"path\":\"{vm.Disk}\",\"image_type\":\"Raw\"", $"\"path\":\"{_directory[file]}\",\"image_type\":\"{type}\"{more}", StringComparison.Ordinal);
        await process.RequireAsync("vm.create", config);

        Assert.Contains(expected, await process.CallAsync("PUT", "vm.boot"), StringComparison.Ordinal);
    }

    [GeneratedRegex("^\\{\n  \"timestamp\": \\{\n    \"secs\": 0,\n    \"nanos\": \\d+\n  \\},\n  \"source\": \"vmm\",\n  \"event\": \"starting\",\n  \"properties\": null\n\\}\n\n$")]
    private static partial Regex FirstEvent();
}
