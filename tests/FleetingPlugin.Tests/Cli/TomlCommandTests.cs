using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FleetingPlugin.Options;
using FleetingPlugin.Toml;
using VmPool.Options;

namespace FleetingPlugin.Tests.Cli;

public sealed partial class TomlCommandTests
{
    [Theory]
    [InlineData("instance")]
    [InlineData("docker-autoscaler")]
    public async Task What_is_printed_is_a_configuration_that_this_plugin_accepts(string executor)
    {
        var (exitCode, output, error) = await TestCommandLine.RunAsync("toml", "--executor", executor, "--name", "large", "--max-instances", "9");
        Assert.Equal((0, ""), (exitCode, error));

        var entry = RunnerConfigFile.Select(output, "printed", "large", new TomlReader());
        Assert.Equal(executor, entry.Executor);
        var options = PluginConfig.Parse(entry.PluginConfig, entry.Connector);
        Assert.Equal(("large", "ci"), (options.Name, options.Machine.User));
        Assert.Equal(executor == "docker-autoscaler", options.Image.PrebuildCommands.Any(command => command.Contains("docker", StringComparison.Ordinal)));
        Assert.Equal(TimeSpan.FromMinutes(1), entry.Connector.Timeout);
    }

    [Fact]
    public async Task The_runner_is_told_one_job_for_each_VM_and_to_ask_often()
    {
        var (_, output, _) = await TestCommandLine.RunAsync("toml", "--max-instances", "9");
        var document = TomlReader.Parse(output);
        var runner = document["runners"]![0]!;
        var autoscaler = runner["autoscaler"]!;
        Assert.Equal(9, document["concurrent"]!.GetValue<long>());
        Assert.Equal("bash", runner["shell"]!.GetValue<string>());
        Assert.Equal(1, autoscaler["capacity_per_instance"]!.GetValue<long>());
        Assert.Equal(1, autoscaler["max_use_count"]!.GetValue<long>());
        Assert.Equal(9, autoscaler["max_instances"]!.GetValue<long>());
        Assert.Equal("250ms", autoscaler["update_interval_when_expecting"]!.GetValue<string>());
        Assert.True(autoscaler["delete_instances_on_shutdown"]!.GetValue<bool>());
        Assert.IsType<JsonArray>(autoscaler["policy"]);
    }

    [Fact]
    public async Task With_every_comment_sign_removed_each_key_is_there_and_every_literal_default_is_the_default()
    {
        var (_, output, _) = await TestCommandLine.RunAsync("toml");
        var entry = RunnerConfigFile.Select(CommentedKey().Replace(output, "$1"), "printed", null, new TomlReader());
        var written = JsonNode.Parse(entry.PluginConfig.Span)!.AsObject();
        var names = written.SelectMany(pair => pair.Value is JsonObject table ? table.Select(inner => $"{pair.Key}.{inner.Key}") : [pair.Key]);
        Assert.Equal(OptionTable.Keys.Select(key => key.Name).Order(), names.Order());

        // Keys whose default depends on the host are shown with an example instead.
        foreach (var key in OptionTable.Keys.Where(key => !key.Default.IsLiteral))
        {
            var parts = key.Name.Split('.');
            (parts.Length == 1 ? written : written[parts[0]]!.AsObject()).Remove(parts[^1]);
        }

        var options = PluginConfig.Parse(System.Text.Encoding.UTF8.GetBytes(written.ToJsonString()), new());
        var defaults = new GroupOptions();
        Assert.Equal(defaults with { Network = options.Network, Image = options.Image }, options);
        Assert.Equal((defaults.Network.Subnet, defaults.Network.ManageSysctl), (options.Network.Subnet, options.Network.ManageSysctl));
        Assert.Empty(options.Network.Allow);
        Assert.Empty(options.Image.PrebuildCommands);
    }

    [Fact]
    public async Task Every_line_with_a_key_has_its_reason_above_it()
    {
        var (_, output, _) = await TestCommandLine.RunAsync("toml");
        var lines = output.Split('\n');
        for (var i = 1; i < lines.Length; i++)
        {
            if (KeyLine().IsMatch(lines[i]))
            {
                Assert.StartsWith("# ", lines[i - 1].TrimStart(), StringComparison.Ordinal);
            }
        }

        Assert.All(lines.Where(line => line.TrimStart().StartsWith("# ", StringComparison.Ordinal)), line => Assert.InRange(line.Length, 1, 100));
    }

    [GeneratedRegex(@"^( *)#(?=[a-z_]+ = )", RegexOptions.Multiline)]
    private static partial Regex CommentedKey();

    [GeneratedRegex(@"^ *#?[a-z_]+ = ")]
    private static partial Regex KeyLine();
}
