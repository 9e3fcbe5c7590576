using System.Text.Json;

namespace Contract.Tests;

/// <summary>One line of the host's suite.</summary>
/// <param name="Case">Its name.</param>
/// <param name="Ok">Whether it passed.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Ms">Its duration.</param>
/// <param name="NotApplicable">Why the host's contract cannot express the case, or real machines cannot play it; null if it ran.</param>
internal sealed record CaseResult(string Case, bool Ok, string Error, int Ms, string? NotApplicable = null)
{
    private static readonly JsonSerializerOptions s_names = new(JsonSerializerDefaults.Web);

    public static IReadOnlyList<CaseResult> ParseLines(string output) =>
        [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<CaseResult>(line, s_names)!)];
}
