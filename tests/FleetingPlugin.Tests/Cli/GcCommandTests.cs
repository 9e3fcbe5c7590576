using FleetingPlugin.Cli;
using VmPool.Storage;

namespace FleetingPlugin.Tests.Cli;

public sealed class GcCommandTests : IDisposable
{
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("vmpool-gc-");

    public void Dispose() => _state.Delete(recursive: true);

    [Fact]
    public async Task Collection_goes_on_after_a_group_that_cannot_be_opened()
    {
        foreach (string group in new[] { "a", "b" })
        {
            string directory = _state.CreateSubdirectory($"groups/{group}").FullName;
            string config = $$"""{"name":"{{group}}","hypervisor":"simulated","state_directory":"{{_state.FullName}}"}""";
            new InitRecord("0", "simulated", config, "").Save(directory);
        }
        string inTheWay = Directory.CreateDirectory(GroupFiles.LockPath(Path.Combine(_state.FullName, "groups", "a"))).FullName;
        var (output, error) = (new StringWriter(), new StringWriter());

        int exitCode = await CommandLine.RunAsync(["gc", "--state-directory", _state.FullName], [GcCommand.Create()], output, error, CancellationToken.None);

        Assert.Equal(1, exitCode);
        string[] lines = output.ToString().TrimEnd().Split('\n');
        Assert.StartsWith($"group a: skipped, it cannot be opened: cannot open lock file {inTheWay}: ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("group b: 0 removed, 0 could not be removed", lines[1], StringComparison.Ordinal);
    }
}
