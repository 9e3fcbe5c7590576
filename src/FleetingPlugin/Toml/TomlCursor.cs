namespace FleetingPlugin.Toml;

/// <summary>A place in a TOML text, and what may be skipped there.</summary>
internal sealed class TomlCursor(string text)
{
    /// <summary>What <see cref="Current"/> is behind the last character; no TOML text may contain it.</summary>
    public const char End = '\0';

    /// <summary>Offset of the current character.</summary>
    public int Position { get; private set; } = text.StartsWith('\uFEFF') ? 1 : 0;

    /// <summary>Whether nothing is left.</summary>
    public bool AtEnd => Position >= text.Length;

    /// <summary>The character at hand, or <see cref="End"/>.</summary>
    public char Current => AtEnd ? End : text[Position];

    /// <summary>The character some places on, or <see cref="End"/>.</summary>
    public char Ahead(int distance) => Position + distance < text.Length ? text[Position + distance] : End;

    /// <summary>Whether the text goes on with these characters.</summary>
    public bool Follows(string expected) => string.CompareOrdinal(text, Position, expected, 0, expected.Length) == 0;

    /// <summary>Moves on.</summary>
    public void Advance(int count = 1) => Position += count;

    /// <summary>Moves on over <paramref name="expected"/> if it is there.</summary>
    public bool TryTake(char expected)
    {
        if (AtEnd || Current != expected)
        {
            return false;
        }

        Position++;
        return true;
    }

    /// <summary>Takes the longest run of characters that <paramref name="belongs"/>.</summary>
    public string TakeWhile(Func<char, bool> belongs)
    {
        var start = Position;
        while (!AtEnd && belongs(Current))
        {
            Position++;
        }

        return text[start..Position];
    }

    /// <summary>Skips spaces and tabs.</summary>
    public void SkipBlanks()
    {
        while (Current is ' ' or '\t')
        {
            Position++;
        }
    }

    /// <summary>Skips blanks, line ends and comments.</summary>
    public void SkipLines()
    {
        do
        {
            SkipBlanks();
            SkipComment();
        }
        while (TryTakeNewline());
    }

    /// <summary>Skips what may follow a complete statement, and the line end.</summary>
    public void FinishLine(string after)
    {
        SkipBlanks();
        SkipComment();
        if (!AtEnd && !TryTakeNewline())
        {
            throw Fault($"expected the end of the line after {after}, found {Describe()}");
        }
    }

    /// <summary>Moves over LF or CR LF.</summary>
    public bool TryTakeNewline()
    {
        var length = Current == '\n' ? 1 : Current == '\r' && Ahead(1) == '\n' ? 2 : 0;
        Position += length;
        return length > 0;
    }

    /// <summary>Control characters are allowed nowhere but as tabs and line ends.</summary>
    public static bool IsForbidden(char c) => (c < ' ' && c != '\t') || c == '\x7f';

    /// <summary>The current character in words.</summary>
    public string Describe() => AtEnd ? "the end of the text"
        : Current == '\n' || (Current == '\r' && Ahead(1) == '\n') ? "the end of the line"
        : IsForbidden(Current) ? $"control character U+{(int)Current:X4}"
        : $"'{Current}'";

    /// <summary>A fault at the current place, or at an earlier one.</summary>
    public TomlException Fault(string reason, int? at = null)
    {
        var offset = Math.Min(at ?? Position, text.Length);
        var line = 1;
        var lineStart = 0;
        for (var i = 0; i < offset; i++)
        {
            if (text[i] == '\n')
            {
                line++;
                lineStart = i + 1;
            }
        }

        return new TomlException(line, offset - lineStart + 1, reason);
    }

    private void SkipComment()
    {
        if (Current != '#')
        {
            return;
        }

        while (!AtEnd && Current != '\n' && !(Current == '\r' && Ahead(1) == '\n'))
        {
            if (IsForbidden(Current))
            {
                throw Fault($"{Describe()} in a comment");
            }

            Position++;
        }
    }
}
