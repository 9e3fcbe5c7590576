using LinuxHost;

namespace Contract.Tests.HostFaultTests;

/// <summary>What a person gets who starts the program by hand and makes a mistake.</summary>
[Collection(SharedGoHost.Name)]
public sealed class CommandFaultTests(GoHost go) : IDisposable
{
    private const string Program = "fleeting-plugin-vmpool";

    private readonly string _directory = Directory.CreateTempSubdirectory("vmpool-command-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Without_arguments_there_is_a_hint()
    {
        HostCommandResult result = await RunAsync();
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Equal(2, result.Error.TrimEnd('\n').Split('\n').Length);
        Assert.Contains("the runner starts it by itself", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'frobnicate'", "--help`", "frobnicate")]
    [InlineData("Required command", "`fleeting-plugin-vmpool image --help`", "image")]
    [InlineData("'--bogus'", "`fleeting-plugin-vmpool status --help`", "status", "--bogus")]
    [InlineData("'--state-directory'", "`fleeting-plugin-vmpool gc --help`", "gc", "--state-directory")]
    [InlineData("cannot read /nonexistent: it does not exist", "--config", "status", "--config", "/nonexistent")]
    [InlineData("cannot read /etc: it is a directory", "--config", "image", "ls", "--config", "/etc")]
    [InlineData("there is no state directory /nonexistent", "--state-directory", "gc", "--state-directory", "/nonexistent")]
    public async Task A_wrong_command_line_is_one_line_on_stderr(string fault, string remedy, params string[] arguments) =>
        await AssertOneLineAsync(arguments, fault, remedy);

    [Fact]
    public async Task Of_several_entries_one_must_be_chosen()
    {
        string config = Write("config.toml", $"{Entry("one")}{Entry("two")}");
        await AssertOneLineAsync(["image", "build", "--config", config], config, "--runner", "\"one\", \"two\"");
        await AssertOneLineAsync(["image", "build", "--config", config, "--runner", "three"], config, "\"three\"", "\"one\", \"two\"");
    }

    [Fact]
    public async Task Broken_TOML_is_shown_with_line_and_column()
    {
        string config = Write("config.toml", "concurrent = 1\n[[runners]\n");
        await AssertOneLineAsync(["status", "--config", config], config, "line 2, column 11", "]]");
    }

    [Fact]
    public async Task Wrong_keys_of_plugin_config_are_told_by_commands_too()
    {
        string config = Write("config.toml", Entry("one") + "vm_memory_md = 1024\nmax_vms = \"many\"\n");
        await AssertOneLineAsync(["status", "--config", config], "vm_memory_md = 1024: unknown key, did you mean vm_memory_mb?", "max_vms = \"many\"");
    }

    [Fact]
    public async Task Lists_of_nothing_are_answers_and_not_errors()
    {
        string state = Directory.CreateDirectory(Path.Combine(_directory, "state")).FullName;
        string config = Write("config.toml", $"{Entry("one")}state_directory = \"{state}\"\n");

        HostCommandResult images = await RunAsync("image", "ls", "--json", "--config", config);
        HostCommandResult collected = await RunAsync("gc", "--state-directory", state);

        Assert.Equal((0, "[]\n", ""), (images.ExitCode, images.Output, images.Error));
        Assert.Equal((0, ""), (collected.ExitCode, collected.Error));
        Assert.Contains("nothing to do", collected.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(state));
    }

    [Fact]
    public async Task A_file_in_the_place_of_the_state_directory_is_told_by_every_command_that_needs_it()
    {
        string state = Write("state", "");
        string config = Write("config.toml", $"{Entry("one")}state_directory = \"{state}\"\n");
        foreach (string[] arguments in new string[][] { ["status", "--config", config], ["image", "ls", "--config", config], ["image", "build", "--config", config], ["gc", "--state-directory", state] })
        {
            await AssertOneLineAsync(arguments, state, "it is a file, not a directory");
        }
    }

    [Fact]
    public async Task Collection_goes_on_after_a_group_whose_record_it_does_not_understand()
    {
        foreach ((string group, string record) in new[] { ("a", """{"version":"0","hypervisor":"qemu","config":"{\"colour\":1}","username":""}"""), ("b", "no json") })
        {
            Directory.CreateDirectory(Path.Combine(_directory, "groups", group));
            Write($"groups/{group}/init.json", record);
        }

        HostCommandResult result = await RunAsync("gc", "--state-directory", _directory);

        Assert.Equal((1, ""), (result.ExitCode, result.Error));
        string[] lines = result.Output.TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Contains("group a: skipped, its last Init", lines[0], StringComparison.Ordinal);
        Assert.Contains("colour", lines[0], StringComparison.Ordinal);
        Assert.Contains("group b: skipped, its last Init is not recorded", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Somebody_who_may_not_look_is_not_told_that_there_is_nothing()
    {
        await using PlayedHost host = await PlayedHost.CreateAsync(go);
        await host.RunAsync("mkdir", "-m", "0700", PlayedHost.State);
        await host.WriteAsync(PlayedHost.Root + "/config.toml", $"{Entry("one")}state_directory = \"{PlayedHost.State}\"\n");
        foreach (string[] arguments in new string[][]
        {
            ["status", "--config", PlayedHost.Root + "/config.toml"], ["image", "ls", "--config", PlayedHost.Root + "/config.toml"],
            ["gc", "--state-directory", PlayedHost.State],
        })
        {
            HostCommandException refused = await Assert.ThrowsAsync<HostCommandException>(() =>
                host.RunAsync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "--", PlayedHost.Plugin, .. arguments]));
            Assert.Equal((1, $"{Program}: {PlayedHost.State} can be read by its owner only; run this as root\n"), (refused.ExitCode, refused.ErrorOutput));
        }
        HostCommandException unbuilt = await Assert.ThrowsAsync<HostCommandException>(() => host.RunAsync(
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", PlayedHost.Plugin, "image", "build", "--config", PlayedHost.Root + "/config.toml"));
        Assert.Equal(1, unbuilt.ExitCode);
        Assert.StartsWith($"{Program}: an image cannot be built here: this process is not root", Assert.Single(unbuilt.ErrorOutput.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    private static async Task AssertOneLineAsync(string[] arguments, params string[] words)
    {
        HostCommandResult result = await RunAsync(arguments);
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        string line = Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith(Program + ": ", line, StringComparison.Ordinal);
        foreach (string word in words)
        {
            Assert.Contains(word, line, StringComparison.Ordinal);
        }
    }

    private static Task<HostCommandResult> RunAsync(params string[] arguments) =>
        HostCommand.RunAsync(Repository.Plugin, arguments, new HostCommandOptions { AcceptedExitCodes = [0, 1] });

    private static string Entry(string name) => $"""
        [[runners]]
        name = "{name}"
        [runners.autoscaler]
        plugin = "{Program}"
        [runners.autoscaler.plugin_config]

        """;

    private string Write(string name, string content)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllText(path, content);
        return path;
    }
}
