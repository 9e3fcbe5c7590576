using System.Text;
using FleetingPlugin.Options;
using VmPool.Options;

namespace FleetingPlugin.Tests.Options;

public sealed class PreparedKeysTests
{
    private const string Minimal = "\"image.prepared\": true, \"image.source\": \"/srv/disk.raw\", \"image.kernel\": \"/srv/vmlinuz\"";

    [Fact]
    public void A_prepared_image_is_its_files_and_its_command_line()
    {
        ImageOptions image = Parse($$"""{ {{Minimal}}, "image": {"initrd": "/srv/initrd", "cmdline": "root=/dev/vda1 rw"} }""").Image;

        Assert.Equal((true, "/srv/disk.raw", "/srv/vmlinuz", "/srv/initrd", "root=/dev/vda1 rw"), (image.Prepared, image.Source, image.Kernel, image.Initrd, image.CommandLine));
    }

    [Fact]
    public void Initrd_and_command_line_are_optional()
    {
        ImageOptions image = Parse($$"""{ {{Minimal}}, "image.initrd": "" }""").Image;

        Assert.Null(image.Initrd);
        Assert.Equal("", image.CommandLine);
    }

    [Fact]
    public void Disk_and_kernel_are_both_asked_for_at_once()
    {
        IReadOnlyList<string> faults = Faults("""{"image.prepared": true}""");

        Assert.Equal(2, faults.Count);
        Assert.Contains("image.source: missing; with image.prepared = true it is the path of the image's file that is its root disk", faults);
        Assert.Contains("image.kernel: missing; with image.prepared = true it is the path of the image's file that is its kernel", faults);
    }

    [Theory]
    [InlineData("image.source", "\"disk.raw\"", "it does not begin with /")]
    [InlineData("image.kernel", "\"/srv/../vmlinuz\"", "it contains \"..\"")]
    [InlineData("image.initrd", "7", "got a number")]
    [InlineData("image.cmdline", "\"root=/dev/vda\\nquiet\"", "it contains another character")]
    public void A_value_that_cannot_be_is_told_once(string key, string value, string reason)
    {
        var keys = new Dictionary<string, string> { ["image.prepared"] = "true", ["image.source"] = "\"/s\"", ["image.kernel"] = "\"/k\"", [key] = value };
        string fault = Assert.Single(Faults($"{{{string.Join(',', keys.Select(pair => $"\"{pair.Key}\": {pair.Value}"))}}}"));

        Assert.StartsWith(key + " = ", fault, StringComparison.Ordinal);
        Assert.EndsWith(reason, fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vm_prebuild_cloudinit_extra_cmds", "[\"true\"]")]
    [InlineData("template_ready_command", "\"true\"")]
    [InlineData("restart_units", "[\"a.service\"]")]
    [InlineData("image.mirror", "\"http://deb.example/debian\"")]
    [InlineData("image.release", "\"bookworm\"")]
    [InlineData("image.docker", "true")]
    public void What_says_how_an_image_is_built_is_refused_by_name(string key, string value)
    {
        string fault = Assert.Single(Faults($$"""{ {{Minimal}}, "{{key}}": {{value}} }"""));

        Assert.StartsWith($"{key}: cannot be used with image.prepared = true, because ", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vm_prebuild_cloudinit_extra_cmds", "[]")]
    [InlineData("template_ready_command", "\"\"")]
    [InlineData("image.docker", "false")]
    public void What_says_nothing_is_no_contradiction(string key, string value) => Parse($$"""{ {{Minimal}}, "{{key}}": {{value}} }""");

    [Theory]
    [InlineData("image.source")]
    [InlineData("image.kernel")]
    [InlineData("image.initrd")]
    [InlineData("image.cmdline")]
    public void Without_prepared_its_keys_are_refused_by_name(string key)
    {
        Assert.Equal(
            $"{key}: only an image with image.prepared = true has one; set that too or leave {key} out",
            Assert.Single(Faults($$"""{ "{{key}}": "/srv/file" }""")));
        Assert.Single(Faults($$"""{ "image.prepared": false, "{{key}}": "/srv/file" }"""));
    }

    [Fact]
    public void A_prepared_that_cannot_be_read_is_the_only_fault() =>
        Assert.StartsWith("image.prepared = \"yes\"", Assert.Single(Faults("""{"image.prepared": "yes", "image.source": "/s", "image.release": "trixie"}""")), StringComparison.Ordinal);

    [Fact]
    public void A_password_is_refused_because_the_agent_takes_keys_only()
    {
        string fault = Assert.Single(Faults($$"""{ {{Minimal}} }""", new ConnectorSettings { Password = "secret" }));

        Assert.StartsWith("connector_config.password: ", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
    }

    private static GroupOptions Parse(string json, ConnectorSettings? connector = null) => PluginConfig.Parse(Encoding.UTF8.GetBytes(json), connector ?? new());

    private static IReadOnlyList<string> Faults(string json, ConnectorSettings? connector = null) =>
        Assert.Throws<PluginOptionsException>(() => Parse(json, connector)).Faults;
}
