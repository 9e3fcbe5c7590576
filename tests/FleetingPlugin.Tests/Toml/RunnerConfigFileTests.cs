using System.Text;
using FleetingPlugin.Options;
using FleetingPlugin.Toml;

namespace FleetingPlugin.Tests.Toml;

public sealed class RunnerConfigFileTests
{
    private static RunnerEntry Select(string toml, string? runner = null) => RunnerConfigFile.Select(toml, "/etc/config.toml", runner, new TomlReader());

    private static string Fault(string toml, string? runner = null) => Assert.Throws<RunnerConfigException>(() => Select(toml, runner)).Message;

    private static string Entry(string name, string plugin, string config = "") => $"""
        [[runners]]
        name = "{name}"
        executor = "instance"
        [runners.autoscaler]
        plugin = "{plugin}"
        {config}

        """;

    private const string Foreign = """
        concurrent = 4
        [[runners]]
        name = "shell"
        executor = "shell"
        [[runners]]
        name = "cloud"
        [runners.autoscaler]
        plugin = "fleeting-plugin-aws"

        """;

    [Fact]
    public void The_only_entry_that_uses_this_plugin_is_found_among_others()
    {
        var entry = Select(Foreign + Entry("vm", "fleeting-plugin-vmpool", """
            [runners.autoscaler.plugin_config]
            name = "large"
            vm_memory_mb = 8_192
            vm_prebuild_cloudinit_extra_cmds = ['apt install -y "podman"']
            [runners.autoscaler.plugin_config.network]
            allow = ["host:5000"]
            [runners.autoscaler.connector_config]
            username = "ubuntu"
            protocol_port = 22
            keepalive = "10s"
            timeout = "1m30s"
            [[runners.autoscaler.policy]]
            idle_count = 2
            """));
        Assert.Equal(("vm", "instance"), (entry.Name, entry.Executor));
        Assert.Equal(
            """{"name":"large","vm_memory_mb":8192,"vm_prebuild_cloudinit_extra_cmds":["apt install -y \u0022podman\u0022"],"network":{"allow":["host:5000"]}}""",
            Encoding.UTF8.GetString(entry.PluginConfig.Span));
        var options = PluginConfig.Parse(entry.PluginConfig, entry.Connector);
        Assert.Equal(("large", "ubuntu", 8192), (options.Name, options.Machine.User, options.Machine.MemoryMb));
        Assert.Equal((TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(90), 22), (entry.Connector.Keepalive, entry.Connector.Timeout, entry.Connector.ProtocolPort));
    }

    [Fact]
    public void An_entry_without_plugin_config_means_all_defaults()
    {
        var entry = Select(Entry("vm", "fleeting-plugin-vmpool"));
        Assert.Equal("null", Encoding.UTF8.GetString(entry.PluginConfig.Span));
        Assert.Equal("default", PluginConfig.Parse(entry.PluginConfig, entry.Connector).Name);
        Assert.Equal(new ConnectorSettings(), entry.Connector);
    }

    [Theory]
    [InlineData("fleeting-plugin-vmpool", true)]
    [InlineData("/usr/local/bin/fleeting-plugin-vmpool", true)]
    [InlineData("registry.example.com/group/fleeting-plugin-vmpool:1.2", true)]
    [InlineData("registry.example.com/plugins/vmpool:latest", true)]
    [InlineData("vmpool", true)]
    [InlineData("registry.example.com/vmpool/aws:latest", false)]
    [InlineData("fleeting-plugin-aws", false)]
    [InlineData("", false)]
    public void A_plugin_reference_is_recognised(string plugin, bool ours) => Assert.Equal(ours, RunnerConfigFile.MeansThisPlugin(plugin));

    [Fact]
    public void Of_several_entries_one_must_be_named()
    {
        var both = Entry("small", "vmpool:1") + Entry("large", "fleeting-plugin-vmpool");
        Assert.Equal("large", Select(both, "large").Name);
        Assert.Equal("/etc/config.toml has 2 entries that use this plugin: choose one with --runner (\"small\", \"large\")", Fault(both));
        Assert.Equal("/etc/config.toml: no entry named \"medium\" uses this plugin; those that do: \"small\", \"large\"", Fault(both, "medium"));
        Assert.Contains("2 entries named \"large\"", Fault(both + Entry("large", "vmpool"), "large"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_us_is_a_clear_fault()
    {
        Assert.Equal(
            "/etc/config.toml: none of the [[runners]] entries (\"shell\", \"cloud\") has plugin = \"fleeting-plugin-vmpool\" in [runners.autoscaler]; `fleeting-plugin-vmpool toml` prints a complete entry",
            Fault(Foreign));
        Assert.StartsWith("/etc/config.toml has no [[runners]] entry", Fault("concurrent = 1"), StringComparison.Ordinal);
        Assert.StartsWith("/etc/config.toml has no [[runners]] entry", Fault("runners = 'all'"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a = ", "/etc/config.toml: line 1, column 5: expected a value")]
    [InlineData("[[runners]]\nname='v'\n[runners.autoscaler]\nplugin='vmpool'\n[runners.autoscaler.plugin_config]\nx = inf", "/etc/config.toml, runner \"v\": plugin_config contains a float that is not finite")]
    [InlineData("[[runners]]\nname='v'\n[runners.autoscaler]\nplugin='vmpool'\n[runners.autoscaler.connector_config]\ntimeout = 5", "/etc/config.toml, runner \"v\": connector_config.timeout = 5: expected a string")]
    [InlineData("[[runners]]\nname='v'\n[runners.autoscaler]\nplugin='vmpool'\n[runners.autoscaler.connector_config]\ntimeout = '5'", "connector_config.timeout = \"5\": expected a duration such as \"10s\"; missing unit")]
    [InlineData("[[runners]]\nname='v'\n[runners.autoscaler]\nplugin='vmpool'\n[runners.autoscaler.connector_config]\nprotocol_port = -1", "connector_config.protocol_port = -1: expected a port")]
    [InlineData("[[runners]]\nname='v'\n[runners.autoscaler]\nplugin='vmpool'\n[runners.autoscaler.connector_config]\nkey_path = '/nonexistent/key'", "connector_config.key_path = \"/nonexistent/key\": ")]
    public void A_fault_in_the_file_is_named(string toml, string expected) => Assert.Contains(expected, Fault(toml), StringComparison.Ordinal);

    [Fact]
    public void A_password_of_the_wrong_type_is_not_shown() =>
        Assert.DoesNotContain("4711", Fault(Entry("v", "vmpool", "[runners.autoscaler.connector_config]\npassword = 4711")), StringComparison.Ordinal);

    [Fact]
    public void A_missing_or_undecodable_file_is_a_clear_fault()
    {
        var missing = Assert.Throws<RunnerConfigException>(() => RunnerConfigFile.Read("/nonexistent/config.toml", null, new TomlReader()));
        Assert.StartsWith("cannot read /nonexistent/config.toml: ", missing.Message, StringComparison.Ordinal);
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, [(byte)'#', 0xff]);
            var broken = Assert.Throws<RunnerConfigException>(() => RunnerConfigFile.Read(path, null, new TomlReader()));
            Assert.StartsWith($"cannot read {path}: it is not UTF-8", broken.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Static_credentials_of_the_file_are_read_as_the_runner_reads_them()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "key");
            var entry = Select(Entry("v", "vmpool", $"[runners.autoscaler.connector_config]\nuse_static_credentials = true\nkey_path = '{path}'"));
            Assert.True(entry.Connector.UseStaticCredentials);
            Assert.Equal("key", Encoding.UTF8.GetString(entry.Connector.Key.Span));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
