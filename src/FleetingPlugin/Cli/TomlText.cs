using System.Globalization;
using System.Text;

namespace FleetingPlugin.Cli;

/// <summary>Builds commented TOML: comments wrapped above the line they explain, everything indented by table depth.</summary>
internal sealed class TomlText
{
    private const int Width = 100;

    private readonly StringBuilder _text = new();
    private string _indent = "";

    /// <summary>An empty line and a table header; what follows is indented below it.</summary>
    public TomlText Table(string header)
    {
        _indent = new string(' ', 2 * header.Count(c => c == '.'));
        _text.Append('\n').Append(_indent).Append(header).Append('\n');
        _indent += "  ";
        return this;
    }

    /// <summary>A comment, wrapped at words.</summary>
    public TomlText Comment(string text)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && _indent.Length + line.Length + word.Length + 3 > Width)
            {
                EndComment(line);
            }

            line.Append(line.Length == 0 ? "" : " ").Append(word);
        }

        EndComment(line);
        return this;
    }

    /// <summary>A key with its reason above it.</summary>
    public TomlText Key(string name, string value, string reason)
    {
        Comment(reason);
        _text.Append(_indent).Append(name).Append(" = ").Append(value).Append('\n');
        return this;
    }

    /// <summary>A key with its reason, commented out: remove "#" and change it.</summary>
    public TomlText OptionalKey(string name, string value, string reason)
    {
        Comment(reason);
        _text.Append(_indent).Append('#').Append(name).Append(" = ").Append(value).Append('\n');
        return this;
    }

    /// <summary>An empty line.</summary>
    public TomlText Gap()
    {
        _text.Append('\n');
        return this;
    }

    /// <summary>A string as TOML writes it; for text without control characters.</summary>
    public static string Quoted(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    /// <summary>A whole number.</summary>
    public static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The text so far.</summary>
    public override string ToString() => _text.ToString();

    private void EndComment(StringBuilder line)
    {
        _text.Append(_indent).Append("# ").Append(line).Append('\n');
        line.Clear();
    }
}
