using System.Globalization;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using GoPlugin.Protocol;

namespace GoPlugin.Tests;

public sealed class ProcessTests : IDisposable
{
    private const int SIGKILL = 9;

    private readonly string _directory = Directory.CreateTempSubdirectory("gp").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Standard_output_carries_the_handshake_and_nothing_else_ever()
    {
        using var plugin = PluginProcess.Start(Environment());
        var fields = await plugin.HandshakeAsync();
        Assert.Equal(["1", "5", "unix", fields[3], "grpc", ""], fields);
        using var host = new ScriptedHost(fields[3]);
        // Longer than a pipe holds: a write to the real descriptor would block for ever.
        var text = new string('x', 200_000);
        Assert.Equal(0, (await host.CallAsync("/test.Plugin/Print", new StringValue { Value = "printed" })).Status);
        Assert.Equal(0, (await host.CallAsync("/test.Plugin/PrintRaw", new StringValue { Value = text })).Status);
        using var stdio = await host.OpenAsync("/plugin.GRPCStdio/StreamStdio", new ByteArrayContent(ScriptedHost.Frame([])));
        await using var stream = await stdio.Content.ReadAsStreamAsync();
        var prefix = new byte[5];
        await stream.ReadExactlyAsync(prefix).AsTask().WaitAsync(Deadline.Generous);
        var message = new byte[prefix[4]];
        await stream.ReadExactlyAsync(message).AsTask().WaitAsync(Deadline.Generous);
        Assert.Equal("printed\n", StdioData.Parser.ParseFrom(message).Data.ToStringUtf8());

        await host.CallAsync("/plugin.GRPCController/Shutdown", new Protocol.Empty());
        Assert.Equal(0, await plugin.ExitAsync());
        Assert.Equal("", await plugin.Output.ReadToEndAsync());
    }

    [Fact]
    public async Task Shutdown_runs_the_hook_ends_open_streams_removes_the_socket_and_exits_with_zero()
    {
        var file = Path.Combine(_directory, "hook");
        using var plugin = PluginProcess.Start([.. Environment(), ("TEST_SHUTDOWN_FILE", file)]);
        var fields = await plugin.HandshakeAsync();
        using var host = new ScriptedHost(fields[3]);
        using var body = new DuplexContent();
        using var broker = await host.OpenAsync("/plugin.GRPCBroker/StartStream", body);
        using var stdio = await host.OpenAsync("/plugin.GRPCStdio/StreamStdio", new ByteArrayContent(ScriptedHost.Frame([])));
        var sleeping = host.CallAsync("/test.Plugin/Sleep", new Google.Protobuf.WellKnownTypes.Empty());

        var answer = await host.CallAsync("/plugin.GRPCController/Shutdown", new Protocol.Empty());

        Assert.Equal(0, answer.Status);
        Assert.Equal("done", await File.ReadAllTextAsync(file));
        Assert.Equal(0, await plugin.ExitAsync());
        Assert.Equal(["hook"], Directory.GetFileSystemEntries(_directory).Select(Path.GetFileName));
        await Assert.ThrowsAnyAsync<Exception>(async () => (await sleeping).Single<StringValue>());
        body.Complete();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(15)]
    public async Task Signals_are_ignored_while_the_host_lives(int signal)
    {
        using var plugin = PluginProcess.Start(Environment());
        var fields = await plugin.HandshakeAsync();
        PluginProcess.Signal(plugin.Pid, signal);
        await Deadline.UntilAsync(() => plugin.Errors.Contains("ignored", StringComparison.Ordinal), "the signal is logged");
        using var host = new ScriptedHost(fields[3]);
        Assert.Equal(0, (await host.CallAsync("/test.Plugin/Echo", new BytesValue())).Status);
    }

    [Fact]
    public async Task When_the_host_dies_the_plugin_cleans_up_and_ends()
    {
        var file = Path.Combine(_directory, "hook");
        using var host = PluginProcess.Start([.. Environment(), ("TEST_SHUTDOWN_FILE", file)], "/bin/sh", "-c", "\"$0\" & wait");
        var fields = await host.HandshakeAsync();
        int pid;
        using (var peer = new ScriptedHost(fields[3]))
        {
            var answer = await peer.CallAsync("/test.Plugin/Pid", new Google.Protobuf.WellKnownTypes.Empty());
            pid = int.Parse(answer.Single<StringValue>().Value, CultureInfo.InvariantCulture);
        }

        PluginProcess.Signal(host.Pid, SIGKILL);

        // The plugin holds the pipe open to its last moment.
        Assert.Equal("", await host.Output.ReadToEndAsync().WaitAsync(Deadline.Generous));
        await Deadline.UntilAsync(() => !Directory.Exists($"/proc/{pid}/fd") || !File.Exists($"/proc/{pid}/exe"), "the plugin has ended");
        Assert.Equal(["hook"], Directory.GetFileSystemEntries(_directory).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("PLUGIN_CLIENT_CERT", "garbage", "PLUGIN_CLIENT_CERT")]
    [InlineData("PLUGIN_UNIX_SOCKET_GROUP", "no-such-group", "no-such-group")]
    [InlineData("PLUGIN_UNIX_SOCKET_DIR", "/nonexistent", "/nonexistent")]
    public async Task A_start_that_fails_is_one_error_entry_no_handshake_and_a_nonzero_exit(string name, string value, string named)
    {
        using var plugin = PluginProcess.Start([.. Environment(), (name, value)]);
        Assert.Equal("", await plugin.Output.ReadToEndAsync().WaitAsync(Deadline.Generous));
        Assert.Equal(1, await plugin.ExitAsync());
        await Deadline.UntilAsync(() => plugin.Errors.Contains("cannot start", StringComparison.Ordinal), "the error is logged");
        var entry = JsonDocument.Parse(plugin.Errors.Split('\n')[0]).RootElement;
        Assert.Equal("error", entry.GetProperty("@level").GetString());
        Assert.Contains(named, entry.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_crash_is_an_error_entry_and_a_panic_line()
    {
        using var plugin = PluginProcess.Start(Environment());
        using var host = new ScriptedHost((await plugin.HandshakeAsync())[3]);
        await Assert.ThrowsAnyAsync<Exception>(() => host.CallAsync("/test.Plugin/Crash", new Google.Protobuf.WellKnownTypes.Empty()));
        Assert.NotEqual(0, await plugin.ExitAsync());
        await Deadline.UntilAsync(() => plugin.Errors.Contains("panic: ", StringComparison.Ordinal), "the panic line");
        var lines = plugin.Errors.Split('\n');
        var entry = lines.First(line => line.Contains("the plugin crashed", StringComparison.Ordinal));
        Assert.Equal("error", JsonDocument.Parse(entry).RootElement.GetProperty("@level").GetString());
        Assert.Equal("panic: crashed on purpose", lines[Array.IndexOf(lines, entry) + 1]);
    }

    [Fact]
    public async Task Without_a_host_it_says_so_and_prints_nothing_on_standard_output()
    {
        using var plugin = PluginProcess.Start([]);
        Assert.Equal("", await plugin.Output.ReadToEndAsync().WaitAsync(Deadline.Generous));
        Assert.Equal(1, await plugin.ExitAsync());
    }

    private (string Name, string Value)[] Environment() => [("PLUGIN_PROTOCOL_VERSIONS", "3,5"), ("TMPDIR", _directory)];
}
