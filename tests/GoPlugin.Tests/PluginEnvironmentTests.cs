namespace GoPlugin.Tests;

public sealed class PluginEnvironmentTests
{
    [Theory]
    [InlineData("4,5", 5)]
    [InlineData("5,3,10,2", 10)]
    [InlineData("3", 3)]
    [InlineData("", 1)]
    [InlineData("x,5", 5)]
    [InlineData("x", 1)]
    [InlineData("-7", 1)]
    [InlineData("0", 0)]
    [InlineData(null, 1)]
    public void The_highest_offered_version_is_answered(string? offered, int expected)
        => Assert.Equal(expected, PluginEnvironment.Read(Variables(("PLUGIN_PROTOCOL_VERSIONS", offered))).AppVersion);

    [Theory]
    [InlineData("PLUGIN_PROTOCOL_VERSIONS", "")]
    [InlineData("PLUGIN_MIN_PORT", "10000")]
    [InlineData("PLUGIN_CLIENT_CERT", "x")]
    public void A_process_with_a_variable_of_the_host_is_served(string name, string value)
        => Assert.True(PluginEnvironment.IsServed([], Variables((name, value))));

    [Fact]
    public void A_process_without_the_hosts_variables_is_not_served()
        => Assert.False(PluginEnvironment.IsServed([], Variables(("PLUGIN_UNIX_SOCKET_DIR", "/x"))));

    [Fact]
    public void A_process_with_arguments_is_not_served()
        => Assert.False(PluginEnvironment.IsServed(["version"], Variables(("PLUGIN_MIN_PORT", "1"))));

    [Fact]
    public void The_socket_directory_is_the_hosts_then_the_systems()
    {
        Assert.Equal("/a", PluginEnvironment.Read(Variables(("PLUGIN_UNIX_SOCKET_DIR", "/a"), ("TMPDIR", "/b"))).SocketDirectory);
        Assert.Equal("/b", PluginEnvironment.Read(Variables(("PLUGIN_UNIX_SOCKET_DIR", ""), ("TMPDIR", "/b"))).SocketDirectory);
        Assert.Equal("/tmp", PluginEnvironment.Read(Variables()).SocketDirectory);
    }

    private static Func<string, string?> Variables(params (string Name, string? Value)[] variables)
        => name => variables.FirstOrDefault(variable => variable.Name == name).Value;
}
