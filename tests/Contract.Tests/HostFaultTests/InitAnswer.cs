using System.Text.Json;

namespace Contract.Tests.HostFaultTests;

/// <summary>What the runner would learn from Init (and Increase).</summary>
/// <param name="Ok">Everything asked for was granted.</param>
/// <param name="Error">The refusal's text as gRPC carried it.</param>
/// <param name="Accepted">Instances that Increase accepted.</param>
/// <param name="Ms">How long Init took.</param>
/// <param name="Warnings">Log messages at that level.</param>
/// <param name="Failure">What no refusal excuses, such as a stack trace or a plugin that does not end by itself.</param>
internal sealed record InitAnswer(bool Ok, string Error, int Accepted, long Ms, IReadOnlyList<string> Warnings, string Failure)
{
    private static readonly JsonSerializerOptions s_names = new(JsonSerializerDefaults.Web);

    /// <summary>The Go host's last line.</summary>
    public static InitAnswer Parse(string output) =>
        JsonSerializer.Deserialize<InitAnswer>(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1], s_names)!;

    /// <summary>Refused, with one error of one line that says all this.</summary>
    public void AssertRefused(params string[] words)
    {
        Assert.False(Ok, "it was accepted");
        Assert.DoesNotContain('\n', Error);
        foreach (string word in words)
        {
            Assert.Contains(word, Error, StringComparison.Ordinal);
        }
    }

    /// <summary>Refused for one reason alone.</summary>
    public void AssertRefusedOnlyFor(params string[] words)
    {
        AssertRefused(words);
        Assert.DoesNotContain("reasons", Error, StringComparison.Ordinal);
    }

    /// <summary>Granted.</summary>
    public void AssertAccepted() => Assert.True(Ok, Error);
}
