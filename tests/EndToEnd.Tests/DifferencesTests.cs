using Contract.Tests;

namespace EndToEnd.Tests;

/// <summary>A job must not notice that its machine is a clone.</summary>
public sealed class DifferencesTests
{
    [Fact]
    public async Task A_clone_and_a_booted_machine_differ_in_nothing_but_what_is_documented()
    {
        await Scenario.RunAsync("tests/EndToEnd.Tests/scenarios/differences");

        GuestReport clone = Assert.Single(GuestReport.ReadAll("differences/clone"));
        GuestReport boot = Assert.Single(GuestReport.ReadAll("differences/boot"));
        string documented = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "differences.md"));
        Assert.Equal(boot.Values.Keys.Order(StringComparer.Ordinal), clone.Values.Keys.Order(StringComparer.Ordinal));
        Assert.True(boot.Values.Count > 20, $"only {boot.Values.Count} values were compared");
        string[] surprises =
        [
            .. boot.Values.Keys
                .Where(name => boot[name] != clone[name] && !name.StartsWith("host.", StringComparison.Ordinal) && !documented.Contains($"`{name}`", StringComparison.Ordinal))
                .Select(name => $"{name}: booted \"{boot[name]}\", clone \"{clone[name]}\""),
        ];
        Assert.Empty(surprises);
    }
}
