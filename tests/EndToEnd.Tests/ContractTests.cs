using Contract.Tests;

namespace EndToEnd.Tests;

/// <summary>The cases of the contract suite that need no machines that fail on demand, with machines that are real.</summary>
public sealed class ContractTests
{
    private static readonly string[] s_simulatedOnly =
    [
        "failed_creation_is_creating_once_and_then_deleted",
        "some_may_fail_while_others_run",
        "vm_user_is_the_username",
        "operators_connector_settings_win",
        "static_password_alone_makes_no_key",
        "fifty_parallel_calls_during_increase",
        "a_thousand_instances_are_listed",
        "a_failed_instance_is_a_warning_or_an_error",
        "simulated_is_said_to_be_simulated",
        .. CaseNames.All.Where(name => name.StartsWith("fault_at_", StringComparison.Ordinal)),
    ];

    [Theory]
    [ClassData(typeof(Hypervisors))]
    public async Task Plugin_holds_the_contract_with_real_machines(string hypervisor)
    {
        IReadOnlyList<string> output = await Scenario.RunAsync("tests/EndToEnd.Tests/scenarios/contract", hypervisor);

        IReadOnlyList<CaseResult> cases = CaseResult.ParseLines(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "artifacts", "contract", "cases.jsonl")));
        Assert.All(cases, each => Assert.True(each.Ok, $"{each.Case}: {each.Error}"));
        Assert.Equal(CaseNames.All, cases.Select(each => each.Case));
        Assert.Equal(s_simulatedOnly, cases.Where(each => each.NotApplicable is not null).Select(each => each.Case));
        Assert.Contains("leak check: the host is as it was", output);
    }
}
