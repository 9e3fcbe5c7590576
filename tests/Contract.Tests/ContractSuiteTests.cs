using LinuxHost;

namespace Contract.Tests;

/// <summary>
/// Every contract case against the published plugin, launched by go-plugin's real client, plain and with AutoMTLS; and the
/// same cases by hosts that speak other contracts, each of which says which cases it has no words for.
/// </summary>
[Collection(SharedGoHost.Name)]
public sealed class ContractSuiteTests(GoHost go)
{
    public static TheoryData<string> Cases => [.. CaseNames.All];

    [Theory]
    [MemberData(nameof(Cases))]
    public Task Plugin_holds_the_contract(string name) => PassesAsync(go.Host, Repository.Plugin, ["-case", name], [name]);

    [Theory]
    [MemberData(nameof(Cases))]
    public Task Plugin_holds_the_contract_under_AutoMTLS(string name) =>
        PassesAsync(go.Host, Repository.Plugin, ["-case", name, "-automtls"], [name]);

    [Theory]
    [InlineData("-automtls=false")]
    [InlineData("-automtls=true")]
    public Task An_independent_plugin_in_Go_passes_the_suite(string mode) => PassesAsync(go.Host, go.Reference, [mode], CaseNames.All);

    [Fact]
    public Task Renamed_and_renumbered_contract_is_spoken() => SpeaksAsync("renamed");

    [Fact]
    public Task Streamed_Update_with_enum_states_and_integer_durations_is_spoken() => SpeaksAsync("streamed");

    [Fact]
    public Task Map_of_nested_states_and_text_forms_without_Heartbeat_is_spoken() => SpeaksAsync("mapped",
        "suspend_and_resume_are_not_supported", "heartbeat_of_an_unknown_id_is_an_error", "increase_above_capacity_says_why");

    [Theory]
    [InlineData("-automtls=false")]
    [InlineData("-automtls=true")]
    public Task Update_by_broker_callback_with_wrappers_and_Empty_is_spoken(string mode) =>
        PassesAsync(go.HostOf("callback"), Repository.Plugin, [mode], CaseNames.All, "init_refuses_what_is_no_json", "increase_above_capacity_says_why");

    private Task SpeaksAsync(string contract, params string[] notApplicable) =>
        PassesAsync(go.HostOf(contract), Repository.Plugin, [], CaseNames.All, notApplicable);

    [Fact]
    public async Task The_list_of_cases_here_is_that_of_the_host()
    {
        HostCommandResult result = await HostCommand.RunAsync(go.Host, ["suite", "-list"]);
        Assert.Equal(CaseNames.All, result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task PassesAsync(string host, string plugin, string[] selection, string[] expected, params string[] notApplicable)
    {
        using var group = new SimulatedGroup();
        HostCommandResult result = await HostCommand.RunAsync(host, ["suite", "-plugin", plugin, "-config", group.Config, .. selection],
            new HostCommandOptions { Timeout = TimeSpan.FromMinutes(8), AcceptedExitCodes = [0, 1] });

        IReadOnlyList<CaseResult> cases = CaseResult.ParseLines(result.Output);
        Assert.True(cases.All(each => each.Ok) && result.ExitCode == 0,
            string.Join('\n', cases.Where(each => !each.Ok).Select(each => $"{each.Case}: {each.Error}")) + "\n" + result.Error);
        Assert.Equal(expected, cases.Select(each => each.Case));
        Assert.Equal(notApplicable, cases.Where(each => each.NotApplicable is not null).Select(each => each.Case));
    }
}
