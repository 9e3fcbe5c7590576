using Contract.Tests;

namespace EndToEnd.Tests;

/// <summary>What one guest said of itself, in lines of <c>name=value</c>.</summary>
internal sealed record GuestReport(string Instance, IReadOnlyDictionary<string, string> Values)
{
    public string this[string name] => Values.TryGetValue(name, out string? value)
        ? value
        : throw new Xunit.Sdk.XunitException($"{Instance} has not said what its {name} is");

    /// <summary>The reports that a scenario has left.</summary>
    /// <param name="directory">Below artifacts/.</param>
    public static IReadOnlyList<GuestReport> ReadAll(string directory) =>
    [
        .. Directory.GetFiles(Path.Combine(Repository.Root, "artifacts", directory)).Order(StringComparer.Ordinal)
            .Select(file => new GuestReport(Path.GetFileName(file), Parse(File.ReadLines(file)))),
    ];

    private static Dictionary<string, string> Parse(IEnumerable<string> lines) => lines
        .Select(line => line.Split('=', 2))
        .Where(parts => parts.Length == 2)
        .DistinctBy(parts => parts[0])
        .ToDictionary(parts => parts[0], parts => parts[1]);
}
