using LinuxHost;

namespace Contract.Tests;

/// <summary>The Go host's own unit tests: what it computes and reports of its measurements.</summary>
[Collection(SharedGoHost.Name)]
public sealed class GoHostTests(GoHost go)
{
    [Fact]
    public async Task Unit_tests_of_the_Go_host_pass()
    {
        HostCommandResult result = await HostCommand.RunAsync(go.Host + ".test", ["-test.v"],
            new HostCommandOptions { Timeout = TimeSpan.FromMinutes(2), AcceptedExitCodes = [0, 1, 2] });

        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Contains("--- PASS: TestPercentiles", result.Output, StringComparison.Ordinal);
    }
}
