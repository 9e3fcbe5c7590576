using System.Globalization;

namespace StubHypervisor;

/// <summary>How the stand-in misbehaves; each fault is one pair of arguments.</summary>
internal sealed record StubOptions
{
    /// <summary>The inherited descriptor it serves; absent: it never does.</summary>
    public int? Control { get; private init; }

    /// <summary>Milliseconds before it greets, or before it exits.</summary>
    public int Delay { get; private init; }

    /// <summary>Written to standard error before anything else.</summary>
    public string? Error { get; private init; }

    /// <summary>Exits with this code instead of serving.</summary>
    public int? ExitCode { get; private init; }

    /// <summary>Answer to query-status.</summary>
    public string Status { get; private init; } = "running";

    /// <summary>How many status queries are answered; the later ones are not.</summary>
    public int StatusAnswers { get; private init; } = int.MaxValue;

    /// <summary>Commands that are never answered nor obeyed.</summary>
    public IReadOnlyList<string> Deaf { get; private init; } = [];

    internal static StubOptions Parse(string[] arguments)
    {
        var options = new StubOptions();
        for (int i = 0; i + 1 < arguments.Length; i += 2)
        {
            string value = arguments[i + 1];
            options = arguments[i] switch
            {
                "--control" => options with { Control = int.Parse(value, CultureInfo.InvariantCulture) },
                "--delay-ms" => options with { Delay = int.Parse(value, CultureInfo.InvariantCulture) },
                "--stderr" => options with { Error = value },
                "--exit" => options with { ExitCode = int.Parse(value, CultureInfo.InvariantCulture) },
                "--status" => options with { Status = value },
                "--status-answers" => options with { StatusAnswers = int.Parse(value, CultureInfo.InvariantCulture) },
                "--deaf" => options with { Deaf = [.. options.Deaf, value] },
                _ => throw new ArgumentException($"unknown argument {arguments[i]}"),
            };
        }
        return options;
    }
}
