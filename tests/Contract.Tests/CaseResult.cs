using System.Text.Json;

namespace Contract.Tests;

/// <summary>One line of the host's suite.</summary>
internal sealed record CaseResult(string Case, bool Ok, string Error, int Ms)
{
    private static readonly JsonSerializerOptions s_names = new(JsonSerializerDefaults.Web);

    public static IReadOnlyList<CaseResult> ParseLines(string output) =>
        [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<CaseResult>(line, s_names)!)];
}
