using System.Globalization;

namespace LinuxHost;

/// <summary>An external program could not be run to a good end. The text names the command, the reason and its last output.</summary>
public sealed class HostCommandException : Exception
{
    private const int TailLines = 8;

    /// <summary>Creates the error.</summary>
    public HostCommandException(string program, IReadOnlyList<string> arguments, int? exitCode, string errorOutput, string reason, Exception? inner = null)
        : base(Describe(program, arguments, errorOutput, reason), inner)
    {
        Program = program;
        ExitCode = exitCode;
        ErrorOutput = errorOutput;
    }

    /// <summary>The program as it was called.</summary>
    public string Program { get; }

    /// <summary>Its exit code; absent when it did not start or did not finish.</summary>
    public int? ExitCode { get; }

    /// <summary>All it wrote to standard error.</summary>
    public string ErrorOutput { get; }

    private static string Describe(string program, IReadOnlyList<string> arguments, string errorOutput, string reason)
    {
        string command = string.Join(' ', arguments.Prepend(program));
        string[] lines = errorOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string tail = string.Join(" | ", lines.TakeLast(TailLines));
        return tail.Length == 0
            ? string.Create(CultureInfo.InvariantCulture, $"`{command}` {reason}")
            : string.Create(CultureInfo.InvariantCulture, $"`{command}` {reason}: {tail}");
    }
}
