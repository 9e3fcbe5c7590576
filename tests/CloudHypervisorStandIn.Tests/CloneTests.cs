namespace CloudHypervisorStandIn.Tests;

/// <summary>Template, snapshot and clones with a real guest.</summary>
public sealed class CloneTests : IDisposable
{
    private const int Kill = 9;

    private readonly TestDirectory _directory = new();

    [Fact]
    public async Task Clones_go_on_where_the_template_stood_and_leave_its_memory_alone()
    {
        TestSnapshot snapshot = await TestSnapshot.MakeAsync(_directory);
        string before = snapshot.Vm.HashOfRam();
        DateTime written = File.GetLastWriteTimeUtc(snapshot.Vm.Ram);

        using StandInProcess first = await StandInProcess.ServeAsync(_directory, "clone1");
        using StandInProcess second = await StandInProcess.ServeAsync(_directory, "clone2");
        await first.RequireAsync("vm.restore", Restore(snapshot.For("1"), resume: true));
        await second.RequireAsync("vm.restore", Restore(snapshot.For("2"), resume: false));
        Assert.Contains("\"state\":\"Running\"", await first.CallAsync("GET", "vm.info"), StringComparison.Ordinal);
        Assert.Contains("\"state\":\"Paused\"", await second.CallAsync("GET", "vm.info"), StringComparison.Ordinal);
        await second.RequireAsync("vm.resume");

        foreach (string serial in new[] { snapshot.SerialOf("1"), snapshot.SerialOf("2") })
        {
            await Eventually.TrueAsync(() => TestVm.Numbers(serial).Count > 10, "the clone counts");
            // The number that was cut in two by the pause is not among them.
            Assert.InRange(TestVm.Numbers(serial)[0], snapshot.LastNumber + 1, snapshot.LastNumber + 2);
        }
        Assert.Equal(before, snapshot.Vm.HashOfRam());
        Assert.Equal(written, File.GetLastWriteTimeUtc(snapshot.Vm.Ram));
        Assert.Equal(
            ["vmm starting", "virtio-device activated root", "virtio-device activated __rng", "vm restoring", "vm restored", "vm resuming", "vm resumed"],
            TestEvents.Read(_directory["clone1.events"]));
    }

    [Fact]
    public async Task A_clone_goes_on_with_an_overlay_in_the_place_of_the_templates()
    {
        var vm = new TestVm(_directory);
        await vm.OverlayAsync("disk.qcow2", "root.raw", "raw");
        string path = Directory.CreateDirectory(_directory["snapshot"]).FullName;
        using (StandInProcess template = await StandInProcess.ServeAsync(_directory, "template", "v54.0"))
        {
            await template.RequireAsync("vm.create", vm.Config().Replace(
                $"\"path\":\"{vm.Disk}\",\"image_type\":\"Raw\"", $"\"path\":\"{_directory["disk.qcow2"]}\",\"image_type\":\"Qcow2\",\"backing_files\":true", StringComparison.Ordinal));
            await template.RequireAsync("vm.boot");
            await Eventually.TrueAsync(() => TestVm.Numbers(vm.Serial).Count > 2, "the guest counts");
            await template.RequireAsync("vm.pause");
            await template.RequireAsync("vm.snapshot", $$"""{"destination_url":"file://{{path}}"}""");
            template.Signal(Kill);
            await template.WaitForExitAsync();
        }
        uint last = TestVm.Numbers(vm.Serial)[^1];
        string config = Path.Combine(path, "config.json");
        await File.WriteAllTextAsync(config, (await File.ReadAllTextAsync(config)).Replace("\"shared\":true", "\"shared\":false", StringComparison.Ordinal));
        File.Move(_directory["disk.qcow2"], _directory["template.qcow2"]);
        File.SetUnixFileMode(_directory["template.qcow2"], UnixFileMode.UserRead);
        await vm.OverlayAsync("disk.qcow2", "template.qcow2", "qcow2");

        using StandInProcess clone = await StandInProcess.ServeAsync(_directory, "clone", "v54.0");
        await clone.RequireAsync("vm.restore", Restore(path, resume: true));

        await Eventually.TrueAsync(() => TestVm.Numbers(vm.Serial) is [var first, ..] && first > last, "the clone goes on counting");
    }

    [Fact]
    public async Task A_snapshot_is_two_new_files_of_its_owner()
    {
        TestSnapshot snapshot = await TestSnapshot.MakeAsync(_directory);
        string config = await File.ReadAllTextAsync(Path.Combine(snapshot.Path, "config.json"));

        Assert.Equal(["config.json", "state.json"], Directory.EnumerateFiles(snapshot.Path).Select(Path.GetFileName).Order());
        Assert.All(Directory.EnumerateFiles(snapshot.Path), path => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path)));
        Assert.DoesNotContain('\n', config);
        Assert.Contains("\"id\":\"root\"", config, StringComparison.Ordinal);
        Assert.Equal(
            ["vmm starting", "vm booting", "vm booted", "vm pausing", "vm paused", "vm snapshotting", "vm snapshotted"],
            TestEvents.Read(_directory["template.events"]));
    }

    [Fact]
    public async Task Every_snapshot_is_whole()
    {
        var vm = new TestVm(_directory);
        using StandInProcess process = await StandInProcess.BootAsync(_directory, "a", vm);
        var lengths = new List<long>();
        foreach (int number in Enumerable.Range(1, 30))
        {
            await process.RequireAsync("vm.pause");
            string path = Directory.CreateDirectory(_directory[$"snapshot{number}"]).FullName;
            await process.RequireAsync("vm.snapshot", $$"""{"destination_url":"file://{{path}}"}""");
            lengths.Add(new FileInfo(Path.Combine(path, "state.json")).Length);
            await process.RequireAsync("vm.resume");
        }

        Assert.True(lengths.Min() > 0.99 * lengths.Max(), string.Join(' ', lengths));
    }

    [Fact]
    public async Task A_snapshot_needs_a_machine_that_stands_and_a_directory_without_one()
    {
        var vm = new TestVm(_directory);
        string path = Directory.CreateDirectory(_directory["snapshot"]).FullName;
        await File.WriteAllTextAsync(Path.Combine(path, "config.json"), "");
        using StandInProcess process = await StandInProcess.BootAsync(_directory, "a", vm);
        string request = $$"""{"destination_url":"file://{{path}}"}""";

        Assert.Contains("Trying to snapshot while VM is running", await process.CallAsync("PUT", "vm.snapshot", request), StringComparison.Ordinal);
        await process.RequireAsync("vm.pause");
        Assert.Contains("InvalidStateTransition(Paused, Paused)", await process.CallAsync("PUT", "vm.pause"), StringComparison.Ordinal);
        Assert.Contains("File exists", await process.CallAsync("PUT", "vm.snapshot", request), StringComparison.Ordinal);
        File.Delete(Path.Combine(path, "config.json"));
        await process.RequireAsync("vm.snapshot", request);
        await process.RequireAsync("vm.resume");
        int count = TestVm.Numbers(vm.Serial).Count;
        await Eventually.TrueAsync(() => TestVm.Numbers(vm.Serial).Count > count, "the machine goes on after its snapshot");
    }

    [Fact]
    public async Task Restore_compares_almost_nothing()
    {
        TestSnapshot snapshot = await TestSnapshot.MakeAsync(_directory);

        await AssertRestoreAsync(snapshot, "204", ("\"boot_vcpus\":1", "\"boot_vcpus\":2"));
        await AssertRestoreAsync(snapshot, "204", ("\"id\":\"root\"", "\"id\":\"boot\""));
        await AssertRestoreAsync(snapshot, "204", ("\"cmdline\":\"quiet\"", "\"cmdline\":\"\""), ("\"kernel\":\"", "\"kernel\":\"/none"));
        await AssertRestoreAsync(snapshot, "Bad file descriptor", ("\"readonly\":false", "\"readonly\":true"));
        await AssertRestoreAsync(snapshot, "No memory region found", ("\"id\":\"mem0\"", "\"id\":\"mem1\""));
        await AssertRestoreAsync(snapshot, "No such file or directory (os error 2)", ("\"path\":\"", "\"path\":\"/none"));
        await AssertRestoreAsync(snapshot, "Valid PCI device identifier but already used", ("\"disks\":[", "\"disks\":[{\"path\":\"/none\"},"));
        await AssertRestoreAsync(snapshot, "Error deserialising VM config snapshot", ("{", ""));
    }

    [Fact]
    public async Task Memory_that_is_too_short_is_found_out_by_the_guest_alone()
    {
        TestSnapshot snapshot = await TestSnapshot.MakeAsync(_directory);
        TestVm.Resize(snapshot.Vm.Ram, 1 << 20);
        using StandInProcess clone = await StandInProcess.ServeAsync(_directory, "clone");

        await clone.RequireAsync("vm.restore", Restore(snapshot.For("1"), resume: true));

        Assert.Equal(1, await clone.WaitForExitAsync());
    }

    [Theory]
    [InlineData(null, Kill, false)]
    [InlineData(null, 15, true)]
    [InlineData("vmm.shutdown", Kill, true)]
    [InlineData("vm.shutdown", Kill, true)]
    [InlineData("vm.delete", Kill, true)]
    public async Task Only_kill_keeps_a_template_as_it_was(string? call, int signal, bool changes)
    {
        var vm = new TestVm(_directory);
        using StandInProcess template = await StandInProcess.BootAsync(_directory, "a", vm);
        await Eventually.TrueAsync(() => TestVm.Numbers(vm.Serial).Count > 0, "the guest counts");
        await template.RequireAsync("vm.pause");
        string before = vm.HashOfRam();

        if (call is not null)
        {
            Assert.StartsWith("HTTP/1.1 20", await template.CallAsync("PUT", call), StringComparison.Ordinal);
        }
        if (call != "vmm.shutdown")
        {
            template.Signal(signal);
        }
        await template.WaitForExitAsync();

        Assert.Equal(changes, before != vm.HashOfRam());
    }

    public void Dispose() => _directory.Dispose();

    private static string Restore(string directory, bool resume) => $$"""{"source_url":"file://{{directory}}","resume":{{(resume ? "true" : "false")}}}""";

    private async Task AssertRestoreAsync(TestSnapshot snapshot, string expected, params (string Old, string New)[] changes)
    {
        string name = Guid.NewGuid().ToString("N")[..8];
        using StandInProcess clone = await StandInProcess.ServeAsync(_directory, name);
        Assert.Contains(expected, await clone.CallAsync("PUT", "vm.restore", Restore(snapshot.For(name, changes), resume: false)), StringComparison.Ordinal);
    }
}
