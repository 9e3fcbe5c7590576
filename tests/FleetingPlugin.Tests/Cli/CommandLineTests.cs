namespace FleetingPlugin.Tests.Cli;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("version")]
    [InlineData("--version")]
    [InlineData("-version")]
    public async Task The_version_is_printed_for_every_spelling(string argument)
    {
        var (exitCode, output, error) = await TestCommandLine.RunAsync(argument);
        Assert.Equal((0, ""), (exitCode, error));
        var lines = output.Split('\n');
        Assert.Equal("fleeting-plugin-vmpool", lines[0]);
        Assert.Matches(@"^Version:  \d+\.\d+\.\d+$", lines[1]);
        Assert.Matches(@"^Revision: ([0-9a-f]{40}|unknown)$", lines[2]);
        Assert.StartsWith("Built:    ", lines[3], StringComparison.Ordinal);
        Assert.StartsWith("Runtime:  .NET 10", lines[4], StringComparison.Ordinal);
        Assert.StartsWith("Platform: linux/", lines[5], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_command_a_short_hint_goes_to_stderr_and_the_exit_code_is_1()
    {
        var (exitCode, output, error) = await TestCommandLine.RunAsync();
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("the runner starts it by itself", error, StringComparison.Ordinal);
        Assert.Equal(2, error.TrimEnd().Split('\n').Length);

        var direct = new StringWriter();
        Assert.Equal(1, FleetingPlugin.Cli.CommandLine.Hint(direct));
        Assert.Equal(error, direct.ToString());
    }

    [Fact]
    public async Task Help_lists_every_command_also_those_built_elsewhere()
    {
        var (exitCode, output, _) = await TestCommandLine.RunAsync("--help");
        Assert.Equal(0, exitCode);
        foreach (var command in (string[])["licenses", "toml", "version", "zoo", "--version"])
        {
            Assert.Contains(command, output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("toml", "--executor")]
    [InlineData("toml", "Examples:")]
    [InlineData("licenses", "licence text")]
    [InlineData("version", "source revision")]
    public async Task Every_command_explains_itself(string command, string expected)
    {
        var (exitCode, output, _) = await TestCommandLine.RunAsync(command, "--help");
        Assert.Equal(0, exitCode);
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("toml", "--executor", "docker")]
    [InlineData("toml", "--name", "Upper")]
    [InlineData("toml", "--name", "a\nb")]
    [InlineData("toml", "--max-instances", "0")]
    [InlineData("toml", "--max-instances", "many")]
    public async Task A_wrong_command_line_is_refused_without_a_stack_trace(params string[] args)
    {
        var (exitCode, output, error) = await TestCommandLine.RunAsync(args);
        Assert.Equal(1, exitCode);
        Assert.NotEqual("", error);
        Assert.DoesNotContain("Usage:", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}
