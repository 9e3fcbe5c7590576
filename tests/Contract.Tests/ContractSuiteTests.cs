using LinuxHost;

namespace Contract.Tests;

/// <summary>Every contract case against the published plugin, launched by go-plugin's real client, plain and with AutoMTLS.</summary>
[Collection(SharedGoHost.Name)]
public sealed class ContractSuiteTests(GoHost go)
{
    public static TheoryData<string> Cases => [.. CaseNames.All];

    [Theory]
    [MemberData(nameof(Cases))]
    public Task Plugin_holds_the_contract(string name) => PassesAsync(Repository.Plugin, ["-case", name], [name]);

    [Theory]
    [MemberData(nameof(Cases))]
    public Task Plugin_holds_the_contract_under_AutoMTLS(string name) =>
        PassesAsync(Repository.Plugin, ["-case", name, "-automtls"], [name]);

    [Theory]
    [InlineData("-automtls=false")]
    [InlineData("-automtls=true")]
    public Task An_independent_plugin_in_Go_passes_the_suite(string mode) => PassesAsync(go.Reference, [mode], CaseNames.All);

    [Fact]
    public async Task The_list_of_cases_here_is_that_of_the_host()
    {
        HostCommandResult result = await HostCommand.RunAsync(go.Host, ["suite", "-list"]);
        Assert.Equal(CaseNames.All, result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private async Task PassesAsync(string plugin, string[] selection, string[] expected)
    {
        using var group = new SimulatedGroup();
        HostCommandResult result = await HostCommand.RunAsync(go.Host, ["suite", "-plugin", plugin, "-config", group.Config, .. selection],
            new HostCommandOptions { Timeout = TimeSpan.FromMinutes(8), AcceptedExitCodes = [0, 1] });

        IReadOnlyList<CaseResult> cases = CaseResult.ParseLines(result.Output);
        Assert.True(cases.All(each => each.Ok) && result.ExitCode == 0,
            string.Join('\n', cases.Where(each => !each.Ok).Select(each => $"{each.Case}: {each.Error}")) + "\n" + result.Error);
        Assert.Equal(expected, cases.Select(each => each.Case));
    }
}
