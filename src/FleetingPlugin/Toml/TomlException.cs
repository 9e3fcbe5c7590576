namespace FleetingPlugin.Toml;

/// <summary>A text is not TOML 1.0; says where and why.</summary>
internal sealed class TomlException(int line, int column, string reason) : Exception($"line {line}, column {column}: {reason}")
{
    /// <summary>Line of the fault, from 1.</summary>
    public int Line { get; } = line;

    /// <summary>Column of the fault in UTF-16 units, from 1.</summary>
    public int Column { get; } = column;
}
