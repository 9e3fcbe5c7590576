using System.Net;
using System.Text;
using FleetingPlugin.Options;
using VmPool.Options;

namespace FleetingPlugin.Tests.Options;

public sealed class PluginConfigTests
{
    private static GroupOptions Parse(string json, ConnectorSettings? connector = null) =>
        PluginConfig.Parse(Encoding.UTF8.GetBytes(json), connector ?? new());

    private static IReadOnlyList<string> Faults(string json, ConnectorSettings? connector = null) =>
        Assert.Throws<PluginOptionsException>(() => Parse(json, connector)).Faults;

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"name":null,"network":null,"vm_prebuild_cloudinit_extra_cmds":null}""")]
    public void No_configuration_means_all_defaults(string json)
    {
        var options = Parse(json);
        var defaults = new GroupOptions();
        Assert.Equal(
            defaults with { Network = options.Network, Image = options.Image },
            options);
        Assert.Equal(IPNetwork.Parse("10.210.0.0/20"), options.Network.Subnet);
        Assert.Empty(options.Network.Allow);
        Assert.Empty(options.Image.PrebuildCommands);
        Assert.Equal("ci", options.Machine.User);
    }

    [Fact]
    public void Every_key_reaches_its_place()
    {
        var options = Parse("""
            {
              "name": "large", "state_directory": "/srv/state", "vm_disk_directory": "/srv/disk", "hypervisor": "qemu", "accel": "tcg", "start": "boot",
              "max_vms": 7, "vm_subnet": "10.9.0.0/24", "egress_interface": "eth7", "vm_user": "builder", "vm_num_cpu_cores": 3, "vm_memory_mb": 1024,
              "vm_disk_size_gb": 9, "vm_prebuild_cloudinit_extra_cmds": ["a", "b"], "vm_enable_virtio_console": true, "vm_nested": true, "boot_timeout": "90s", "parallel_starts": 5,
              "simulated_boot": "250ms", "simulated_failure_rate": 0.25, "simulated_seed": 42, "simulated_fault": "slot",
              "network": { "allow": ["192.168.0.0/16"], "dns": ["192.0.2.53"], "manage_sysctl": false }, "image": { "mirror": "http://deb.example/debian" }
            }
            """);
        Assert.Equal(("large", "/srv/state", "/srv/disk"), (options.Name, options.StateDirectory, options.DiskDirectory));
        Assert.Equal(new HypervisorOptions { Name = "qemu", Accelerator = "tcg", Start = "boot" }, options.Hypervisor);
        Assert.Equal((7, TimeSpan.FromSeconds(90), 5), (options.MaxVms, options.BootTimeout, options.ParallelStarts));
        Assert.Equal(new MachineOptions { User = "builder", Cpus = 3, MemoryMb = 1024, DiskSizeGb = 9, VirtioConsole = true, Nested = true }, options.Machine);
        Assert.Equal((IPNetwork.Parse("10.9.0.0/24"), "eth7", false), (options.Network.Subnet, options.Network.EgressInterface, options.Network.ManageSysctl));
        Assert.Equal(["192.168.0.0/16"], options.Network.Allow);
        Assert.Equal([IPAddress.Parse("192.0.2.53")], options.Network.Dns);
        Assert.Equal(["a", "b"], options.Image.PrebuildCommands);
        Assert.Equal("http://deb.example/debian", options.Image.Mirror);
        Assert.Equal(new SimulationOptions { Boot = TimeSpan.FromMilliseconds(250), FailureRate = 0.25, Seed = 42, Fault = "slot" }, options.Simulation);
    }

    [Theory]
    [InlineData("""{"vm_disk_loop_gb": 20}""", "/var/lib/fleeting-plugin-vmpool/disks", 20)]
    [InlineData("""{"vm_disk_loop_gb": 20, "vm_disk_directory": "/srv/disk"}""", "/srv/disk/disks", 20)]
    [InlineData("""{"vm_disk_loop_gb": 0, "vm_disk_directory": "/srv/disk"}""", "/srv/disk", 0)]
    public void With_a_file_system_of_our_own_everything_of_the_disk_directory_lives_in_it(string json, string directory, int gigabytes)
    {
        GroupOptions options = Parse(json);

        Assert.Equal((directory, gigabytes), (options.DiskDirectory, options.DiskLoopGb));
    }

    [Fact]
    public void Keys_match_in_any_case_and_nested_keys_may_be_dotted()
    {
        var options = Parse("""{"VM_Memory_MB": 512, "network.allow": ["host:5000"], "Network": {"Manage_Sysctl": false}}""");
        Assert.Equal(512, options.Machine.MemoryMb);
        Assert.Equal(["host:5000"], options.Network.Allow);
        Assert.False(options.Network.ManageSysctl);
    }

    [Fact]
    public void A_key_given_twice_in_different_spelling_is_a_fault()
    {
        var fault = Assert.Single(Faults("""{"network.allow": [], "network": {"Allow": []}}"""));
        Assert.Equal("network.Allow = []: network.allow is given twice (also as network.allow)", fault);
    }

    [Fact]
    public void Disks_are_kept_with_the_state_unless_told_otherwise() =>
        Assert.Equal("/srv/vmpool", Parse("""{"state_directory":"/srv/vmpool"}""").DiskDirectory);

    [Fact]
    public void All_faults_are_reported_at_once_with_key_value_and_bound()
    {
        var faults = Faults("""{"vm_memory_mb": "lots", "vm_num_cpu_cores": 0, "vm_disk": 3, "network": {"alow": []}, "frobnicate": {"x": 1}, "boot_timeout": "5"}""");
        Assert.Equal(
            [
                "network.alow = []: unknown key, did you mean network.allow?",
                "vm_disk = 3: unknown key, did you mean vm_disk_directory?",
            ],
            faults.Where(fault => fault.Contains("did you mean", StringComparison.Ordinal)).Order());
        Assert.Contains("vm_memory_mb = \"lots\": expected a whole number from 256 to 4194304; got a string", faults);
        Assert.Contains("vm_num_cpu_cores = 0: expected a whole number from 1 to 254; it is below 1", faults);
        Assert.Contains("boot_timeout = \"5\": expected a duration such as \"90s\" or \"5m\", from 1s to 24h; missing unit in duration \"5\" (one of h, m, s, ms, us, ns)", faults);
        Assert.Contains(faults, fault => fault.StartsWith("unknown key frobnicate = {\"x\": 1}: the keys are name, state_directory,", StringComparison.Ordinal));
        Assert.Equal(6, faults.Count);
    }

    [Theory]
    [InlineData("max_vm", "max_vms")]
    [InlineData("vm_disk_dir", "vm_disk_directory")]
    [InlineData("vm_cpu_cores", "vm_num_cpu_cores")]
    [InlineData("egress_inteface", "egress_interface")]
    [InlineData("allow", "network.allow")]
    [InlineData("mirror", "image.mirror")]
    [InlineData("netwrok", "network")]
    public void An_unknown_key_is_answered_with_the_nearest_one(string written, string meant) =>
        Assert.Equal($"{written} = {{}}: unknown key, did you mean {meant}?", Assert.Single(Faults($$"""{"{{written}}": {} }""")));

    [Theory]
    [InlineData("{", "is not JSON: ")]
    [InlineData("{\"name\":\"a\",}", "is not JSON: ")]
    [InlineData("hello", "is not JSON: ")]
    [InlineData("[1]", "expected a table, got an array: [1]")]
    [InlineData("7", "expected a table, got a number: 7")]
    [InlineData("""{"name":"\ud800"}""", "contains a string that is not valid Unicode")]
    public void A_broken_document_is_one_clear_fault(string json, string expected) =>
        Assert.StartsWith(expected, Assert.Single(Faults(json)), StringComparison.Ordinal);

    [Fact]
    public void Bytes_that_are_not_UTF8_are_one_clear_fault()
    {
        byte[] json = [.. "{\"name\":\""u8, 0xff, .. "\"}"u8];
        Assert.Equal("is not UTF-8", Assert.Single(Assert.Throws<PluginOptionsException>(() => PluginConfig.Parse(json, new())).Faults));
    }

    [Fact]
    public void Very_deep_nesting_is_one_clear_fault() =>
        Assert.StartsWith("is not JSON: ", Assert.Single(Faults(new string('[', 100_000))), StringComparison.Ordinal);

    [Fact]
    public void A_value_of_the_wrong_kind_is_a_fault_for_every_key()
    {
        foreach (var key in OptionTable.Keys)
        {
            var wrong = key.TypeName is "integer" or "number" ? "\"1\"" : "17";
            var fault = Assert.Single(Faults($$"""{"{{key.Name}}": {{wrong}}}"""));
            Assert.StartsWith($"{key.Name} = {wrong}: expected {key.Expected}; got a ", fault, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("name", "\"Default\"")]
    [InlineData("name", "\"\"")]
    [InlineData("name", "\"abcdefghijklmnopq\"")]
    [InlineData("name", "\"a\\n\"")]
    [InlineData("state_directory", "\"relative\"")]
    [InlineData("state_directory", "\"/\"")]
    [InlineData("vm_disk_directory", "\"/a/../b\"")]
    [InlineData("hypervisor", "\"xen\"")]
    [InlineData("start", "\"snapshot\"")]
    [InlineData("clone_timeout", "\"500ms\"")]
    [InlineData("spares", "-1")]
    [InlineData("restart_units", "[\"nginx\"]")]
    [InlineData("restart_units", "[\"-x.service\"]")]
    [InlineData("template_ready_command", "1")]
    [InlineData("vm_memory_mb", "4096.5")]
    [InlineData("vm_memory_mb", "255")]
    [InlineData("vm_memory_mb", "99999999999999999999")]
    [InlineData("max_vms", "0")]
    [InlineData("egress_interface", "\"waytoolonginterface\"")]
    [InlineData("vm_user", "\"root\"")]
    [InlineData("vm_user", "\"John\"")]
    [InlineData("boot_timeout", "\"-1s\"")]
    [InlineData("simulated_failure_rate", "1.01")]
    [InlineData("simulated_fault", "\"Not A Step\"")]
    [InlineData("image.mirror", "\"deb.example/debian\"")]
    [InlineData("image.mirror", "\"ftp://deb.example/debian\"")]
    [InlineData("vm_prebuild_cloudinit_extra_cmds", "[\"a\", 1]")]
    [InlineData("vm_prebuild_cloudinit_extra_cmds", "\"a\"")]
    public void A_value_out_of_bounds_is_a_fault(string key, string value)
    {
        var fault = Assert.Single(Faults($$"""{"{{key}}": {{value}}}"""));
        Assert.StartsWith($"{key} = {value}: expected {OptionTable.Find(key)!.Expected}", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_misspelt_choice_is_answered_with_the_nearest_one() =>
        Assert.EndsWith("did you mean \"cloud-hypervisor\"?", Assert.Single(Faults("""{"hypervisor":"cloudhypervisor"}""")), StringComparison.Ordinal);

    [Theory]
    [InlineData("172.16.120.0/24", 128, null)]
    [InlineData("10.9.0.0/30", 3, "max_vms = 3: expected 1 to 2, the number of slots in vm_subnet 10.9.0.0/30 (one /31 each)")]
    [InlineData("10.9.0.0/30", 2, null)]
    [InlineData("10.210.0.0/20", 2048, null)]
    [InlineData("10.210.0.0/20", 2049, "max_vms = 2049: expected 1 to 2048, the number of slots in vm_subnet 10.210.0.0/20 (one /31 each)")]
    public void There_cannot_be_more_VMs_than_slots(string subnet, int maxVms, string? expected)
    {
        var json = $$"""{"vm_subnet":"{{subnet}}","max_vms":{{maxVms}}}""";
        if (expected is null)
        {
            Assert.Equal(maxVms, Parse(json).MaxVms);
        }
        else
        {
            Assert.Equal(expected, Assert.Single(Faults(json)));
        }
    }

    [Fact]
    public void A_fleetingd_configuration_works_as_it_is()
    {
        var options = Parse("""
            {"egress_interface":"eth0","vm_disk_directory":"/tmp/fleetingd","vm_subnet":"172.16.120.","vm_num_cpu_cores":8,"vm_memory_mb":16384,"vm_disk_size_gb":30,
             "vm_prebuild_cloudinit_extra_cmds":["apt install -y podman","su - ubuntu -c \"whoami\""],"vm_enable_virtio_console":false}
            """, new() { Username = "ubuntu", Keepalive = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(10) });
        Assert.Equal(IPNetwork.Parse("172.16.120.0/24"), options.Network.Subnet);
        Assert.Equal("/tmp/fleetingd", options.DiskDirectory);
        Assert.Equal("ubuntu", options.Machine.User);
        Assert.Equal("su - ubuntu -c \"whoami\"", options.Image.PrebuildCommands[1]);
    }

    [Fact]
    public void The_login_user_comes_from_the_connector_unless_both_disagree()
    {
        var ubuntu = new ConnectorSettings { Username = "ubuntu" };
        Assert.Equal("builder", Parse("""{"vm_user":"builder"}""").Machine.User);
        Assert.Equal("ubuntu", Parse("{}", ubuntu).Machine.User);
        Assert.Equal("ubuntu", Parse("""{"vm_user":"ubuntu"}""", ubuntu).Machine.User);
        Assert.Equal(
            "connector_config.username = \"ubuntu\": differs from vm_user = \"ci\"; make them equal or leave one out",
            Assert.Single(Faults("""{"vm_user":"ci"}""", ubuntu)));
    }

    [Fact]
    public void The_connectors_port_is_the_one_that_slots_forward_and_22_when_it_names_none()
    {
        Assert.Equal(2222, Parse("{}", new() { ProtocolPort = 2222 }).Network.SshPort);
        Assert.Equal(22, Parse("{}").Network.SshPort);
    }

    [Fact]
    public void Faults_of_the_connector_are_reported_together_with_the_others()
    {
        var faults = Faults("""{"max_vms":-1}""", new() { Username = "root", Protocol = "winrm" });
        Assert.Equal(3, faults.Count);
    }
}
