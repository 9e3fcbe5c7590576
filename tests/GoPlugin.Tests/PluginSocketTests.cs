using GoPlugin.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace GoPlugin.Tests;

public sealed class PluginSocketTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _parent = Directory.CreateTempSubdirectory("gp").FullName;

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Fact]
    public void Without_a_group_only_this_user_may_connect()
    {
        using var socket = Listen(null);
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(socket.Path)!));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(socket.Path));
    }

    [Theory]
    [InlineData("daemon")]
    [InlineData("1")]
    public void With_a_group_its_members_may_connect(string group)
    {
        using var socket = Listen(group);
        Assert.Equal(OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, File.GetUnixFileMode(socket.Path));
        Assert.Equal(
            OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute,
            File.GetUnixFileMode(Path.GetDirectoryName(socket.Path)!));
        Assert.Equal("1", Stat.GroupOf(socket.Path));
    }

    [Fact]
    public void An_unknown_group_is_named_and_nothing_is_left()
    {
        var error = Assert.Throws<PluginStartException>(() => Listen("no-such-group"));
        Assert.Contains("no-such-group", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_parent));
    }

    [Fact]
    public void A_path_that_is_too_long_is_named_with_the_limit()
    {
        var deep = Path.Combine(_parent, new string('d', 100));
        var error = Assert.Throws<PluginStartException>(() => PluginSocket.Listen(new PluginEnvironment { SocketDirectory = deep }, NullLogger.Instance));
        Assert.Contains("107", error.Message, StringComparison.Ordinal);
        Assert.Contains("TMPDIR", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_socket_that_is_closed_leaves_nothing()
    {
        Listen(null).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(_parent));
    }

    [Fact]
    public async Task The_longest_path_that_is_accepted_can_be_listened_on()
    {
        var name = new string('d', PluginSocket.MaxPathBytes - _parent.Length - 1 - "/plugin-XXXXXX/plugin.sock".Length);
        var directory = Directory.CreateDirectory(Path.Combine(_parent, name)).FullName;
        await using var plugin = await LocalPlugin.StartAsync(new PluginEnvironment { SocketDirectory = directory });
        Assert.Equal(PluginSocket.MaxPathBytes, plugin.SocketPath.Length);
    }

    [Fact]
    public void A_missing_directory_is_named()
    {
        var error = Assert.Throws<PluginStartException>(
            () => PluginSocket.Listen(new PluginEnvironment { SocketDirectory = "/nonexistent" }, NullLogger.Instance));
        Assert.Contains("'/nonexistent': No such file or directory", error.Message, StringComparison.Ordinal);
    }

    private PluginSocket Listen(string? group)
        => PluginSocket.Listen(new PluginEnvironment { SocketDirectory = _parent, SocketGroup = group }, NullLogger.Instance);
}
