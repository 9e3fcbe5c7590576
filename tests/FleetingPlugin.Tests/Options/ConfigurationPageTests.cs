using System.Text;
using System.Text.RegularExpressions;
using FleetingPlugin.Options;
using FleetingPlugin.Toml;
using VmPool.Options;

namespace FleetingPlugin.Tests.Options;

/// <summary>docs/configuration.md and the table of keys must say the same. With UPDATE_DOCS=1 the generated part is written instead.</summary>
public sealed partial class ConfigurationPageTests
{
    private const string Begin = "<!-- generated from src/FleetingPlugin/Options/OptionTable.cs: begin -->\n";
    private const string End = "<!-- generated: end -->";

    private static string PagePath => RepositoryFiles.Path("docs", "configuration.md");

    [Fact]
    public void The_reference_of_all_keys_is_up_to_date()
    {
        var page = File.ReadAllText(PagePath);
        var (begin, end) = (page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, page.IndexOf(End, StringComparison.Ordinal));
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1")
        {
            page = page[..begin] + Reference() + page[end..];
            File.WriteAllText(PagePath, page);
            end = page.IndexOf(End, StringComparison.Ordinal);
        }

        Assert.True(page[begin..end] == Reference(), "docs/configuration.md differs from OptionTable: run this test with UPDATE_DOCS=1 and commit the page");
    }

    [Fact]
    public void Every_key_is_documented_and_every_documented_key_exists()
    {
        var documented = KeyHeading().Matches(File.ReadAllText(PagePath)).Select(match => match.Groups[1].Value);
        Assert.Equal(OptionTable.Keys.Select(key => key.Name), documented);
    }

    [Fact]
    public void Every_example_and_every_literal_default_is_accepted()
    {
        foreach (var key in OptionTable.Keys)
        {
            PluginConfig.Parse(AsJson(key.Name, key.Example, CompanionsOf(key)), new());
            if (key.Default.IsLiteral)
            {
                var options = PluginConfig.Parse(AsJson(key.Name, key.Default.Text), new());
                Assert.Equal(new GroupOptions() with { Network = options.Network, Image = options.Image }, options);
            }
        }
    }

    [Fact]
    public void Every_complete_example_on_the_page_is_valid()
    {
        var examples = TomlBlock().Matches(File.ReadAllText(PagePath)).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(examples);
        foreach (var example in examples)
        {
            var document = TomlReader.Parse(example);
            if (document.ContainsKey("runners"))
            {
                var entry = RunnerConfigFile.Select(example, "docs/configuration.md", null, new TomlReader());
                PluginConfig.Parse(entry.PluginConfig, entry.Connector);
            }
        }
    }

    private static ReadOnlyMemory<byte> AsJson(string key, string literal, string companions = "") =>
        Encoding.UTF8.GetBytes(TomlReader.Parse($"{key} = {literal}\n{companions}").ToJsonString());

    // A prepared image is three keys or none.
    private static string CompanionsOf(OptionKey key)
    {
        string[] together = ["image.prepared", "image.source", "image.kernel"];
        bool needsThem = together.Contains(key.Name) || key.Name is "image.initrd" or "image.cmdline";
        return needsThem
            ? string.Join('\n', OptionTable.Keys.Where(other => other != key && together.Contains(other.Name)).Select(other => $"{other.Name} = {other.Example}"))
            : "";
    }

    private static string Reference()
    {
        var text = new StringBuilder();
        foreach (var key in OptionTable.Keys)
        {
            text.Append($"\n### `{key.Name}`\n\n{key.Meaning}\n\n")
                .Append($"- Type: {key.TypeName}; {key.Expected}\n")
                .Append($"- Default: {(key.Default.IsLiteral ? $"`{key.Default.Text}`" : key.Default.Text)}\n")
                .Append($"- Example: `{key.Name} = {key.Example}`\n");
        }

        return text.Append('\n').ToString();
    }

    [GeneratedRegex(@"^### `([a-z_.]+)`$", RegexOptions.Multiline)]
    private static partial Regex KeyHeading();

    [GeneratedRegex(@"^```toml\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex TomlBlock();
}
