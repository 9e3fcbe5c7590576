using System.IO.Enumeration;
using Contract.Tests;

namespace EndToEnd.Tests;

/// <summary>A job must not notice that its machine is a clone.</summary>
public sealed class DifferencesTests
{
    [Theory]
    [ClassData(typeof(Hypervisors))]
    public async Task A_clone_and_a_booted_machine_differ_in_nothing_but_what_is_documented(string hypervisor)
    {
        await Scenario.RunAsync("tests/EndToEnd.Tests/scenarios/differences", hypervisor);

        GuestReport clone = Assert.Single(GuestReport.ReadAll("differences/clone"));
        GuestReport boot = Assert.Single(GuestReport.ReadAll("differences/boot"));
        string[] documented = await DocumentedAsync();
        Assert.True(boot.Values.Count > 500, $"only {boot.Values.Count} values were compared");
        string[] surprises =
        [
            .. boot.Values.Keys.Union(clone.Values.Keys).Order(StringComparer.Ordinal)
                .Where(name => !name.StartsWith("host.", StringComparison.Ordinal) && Shown(boot, name) != Shown(clone, name))
                .Where(name => !documented.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, name)))
                .Select(name => $"{name}: booted {Shown(boot, name)}, clone {Shown(clone, name)}"),
        ];
        Assert.Empty(surprises);
        // Neither a login nor sudo has the kernel look for a module, which it would do again each time.
        Assert.Equal(("yes", "yes", ""), (clone["login.environment"], clone["login.watched"], clone["login.modules_asked_for"]));
        // AppArmor and SELinux have no policy in these guests; what is on without one only costs time. Later kernels always have the last two.
        Assert.Equal(["lockdown", "capability", "landlock", "yama"], clone["machine.security"].Split(',').Except(["ima", "evm"]));
    }

    private static string Shown(GuestReport report, string name) => report.Values.TryGetValue(name, out string? value) ? $"\"{value}\"" : "has none";

    /// <summary>The names in the first column of the page's table.</summary>
    private static async Task<string[]> DocumentedAsync() =>
    [
        .. (await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "docs", "differences.md")))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('`')[1]),
    ];
}
