namespace CloudHypervisorStandIn;

/// <summary>A socket or file given as <c>path=P</c>, <c>fd=N</c> or, for the API socket, as a bare path.</summary>
/// <param name="Path">Absent when a descriptor was given.</param>
/// <param name="Descriptor">Absent when a path was given.</param>
internal sealed record Endpoint(string? Path, int? Descriptor);

/// <summary>The options of Cloud Hypervisor that a start without a machine knows.</summary>
internal sealed record StandInOptions
{
    private static readonly string[] SeccompValues = ["true", "false", "log", "errno"];

    /// <summary>Print the version and end.</summary>
    internal bool ShowVersion { get; private init; }

    /// <summary>How often -v was given.</summary>
    internal int Verbosity { get; private init; }

    /// <summary>Where the API is served.</summary>
    internal Endpoint? ApiSocket { get; private init; }

    /// <summary>Where events go.</summary>
    internal Endpoint? EventMonitor { get; private init; }

    /// <summary>Where log lines go; absent: standard error.</summary>
    internal string? LogFile { get; private init; }

    /// <summary>The value of --restore.</summary>
    internal string? Restore { get; private init; }

    /// <exception cref="FormatException">A syntax error, in the words of the real one's parser.</exception>
    internal static StandInOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new StandInOptions();
        var rest = new Queue<string>(arguments);
        while (rest.TryDequeue(out string? argument))
        {
            if (IsVerbosity(argument))
            {
                options = options with { Verbosity = options.Verbosity + argument.Length - 1 };
                continue;
            }
            if (argument is "-V" or "--version")
            {
                options = options with { ShowVersion = true };
                continue;
            }
            string[] parts = argument.Split('=', 2);
            string Value() => parts.Length == 2 ? parts[1]
                : rest.TryDequeue(out string? next) ? next
                : throw new FormatException($"a value is required for '{argument} <{argument.TrimStart('-')}>' but none was supplied");
            options = parts[0] switch
            {
                "--api-socket" => options with { ApiSocket = ParseEndpoint(Value(), bareIsPath: true) },
                "--event-monitor" => options with { EventMonitor = ParseEndpoint(Value(), bareIsPath: false) },
                "--log-file" => options with { LogFile = Value() },
                "--restore" => options with { Restore = Value() },
                "--seccomp" => options.CheckSeccomp(Value()),
                _ => throw new FormatException($"unexpected argument '{argument}' found"),
            };
        }
        return options;
    }

    private static bool IsVerbosity(string argument) => argument.Length > 1 && argument[0] == '-' && argument.AsSpan(1).IndexOfAnyExcept('v') < 0;

    // The filter itself is not imitated: QEMU could not run under it.
    private StandInOptions CheckSeccomp(string value) =>
        SeccompValues.Contains(value) ? this : throw new FormatException($"invalid value '{value}' for '--seccomp <seccomp>'");

    private static Endpoint ParseEndpoint(string value, bool bareIsPath)
    {
        if (value.StartsWith("path=", StringComparison.Ordinal))
        {
            return new Endpoint(value["path=".Length..], null);
        }
        if (value.StartsWith("fd=", StringComparison.Ordinal))
        {
            return int.TryParse(value["fd=".Length..], out int number) ? new Endpoint(null, number) : throw new FormatException($"invalid descriptor in '{value}'");
        }
        return bareIsPath ? new Endpoint(value, null) : throw new FormatException($"'{value}' is neither path= nor fd=");
    }
}
