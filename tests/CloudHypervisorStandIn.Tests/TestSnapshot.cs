namespace CloudHypervisorStandIn.Tests;

/// <summary>A template as our driver makes one: counting, saved while it stood, ended by SIGKILL, its memory read-only.</summary>
/// <param name="Vm">Its files.</param>
/// <param name="Path">Directory of config.json and state.json.</param>
/// <param name="LastNumber">The last whole number it had said.</param>
internal sealed record TestSnapshot(TestVm Vm, string Path, uint LastNumber)
{
    private const int Kill = 9;

    public static async Task<TestSnapshot> MakeAsync(TestDirectory directory)
    {
        var vm = new TestVm(directory);
        string path = Directory.CreateDirectory(directory["snapshot"]).FullName;
        using StandInProcess template = await StandInProcess.BootAsync(directory, "template", vm);
        await Eventually.TrueAsync(() => TestVm.Numbers(vm.Serial).Count > 2, "the guest counts");
        await template.RequireAsync("vm.pause");
        uint last = TestVm.Numbers(vm.Serial)[^1];
        await template.RequireAsync("vm.snapshot", $$"""{"destination_url":"file://{{path}}"}""");
        template.Signal(Kill);
        await template.WaitForExitAsync();
        File.SetUnixFileMode(vm.Ram, UnixFileMode.UserRead);
        return new TestSnapshot(vm, path, last);
    }

    /// <summary>
    /// A copy for one clone, with a disk and a console of its own. The configuration is changed as the driver changes it once
    /// per template, and as some tests change it besides.
    /// </summary>
    public string For(string clone, params (string Old, string New)[] changes)
    {
        File.Copy(Vm.Disk, $"{Vm.Disk}-{clone}");
        (string, string)[] all =
        [
            ($"\"file\":\"{Vm.Ram}\",\"shared\":true", $"\"file\":\"{Vm.Ram}\",\"shared\":false"),
            (Vm.Disk, $"{Vm.Disk}-{clone}"),
            (Vm.Serial, SerialOf(clone)),
            .. changes,
        ];
        string config = File.ReadAllText(System.IO.Path.Combine(Path, "config.json"));
        foreach ((string old, string changed) in all)
        {
            Assert.Contains(old, config, StringComparison.Ordinal);
            config = config.Replace(old, changed, StringComparison.Ordinal);
        }
        string copy = Directory.CreateDirectory($"{Path}-{clone}").FullName;
        File.WriteAllText(System.IO.Path.Combine(copy, "config.json"), config);
        File.Copy(System.IO.Path.Combine(Path, "state.json"), System.IO.Path.Combine(copy, "state.json"));
        return copy;
    }

    /// <summary>The serial console of a clone.</summary>
    public string SerialOf(string clone) => $"{Vm.Serial}-{clone}";
}
