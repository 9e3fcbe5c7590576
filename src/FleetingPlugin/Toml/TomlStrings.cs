using System.Globalization;
using System.Text;

namespace FleetingPlugin.Toml;

/// <summary>The four kinds of TOML string.</summary>
internal static class TomlStrings
{
    /// <summary>Reads the string whose opening quote is at hand.</summary>
    /// <param name="cursor">Stands on the opening quote, afterwards behind the closing one.</param>
    /// <param name="allowMultiline">Keys may not be multi-line strings.</param>
    public static string Read(TomlCursor cursor, bool allowMultiline)
    {
        var quote = cursor.Current;
        var start = cursor.Position;
        if (!cursor.Follows(new string(quote, 3)))
        {
            cursor.Advance();
            return ReadLine(cursor, quote, start);
        }

        if (!allowMultiline)
        {
            throw cursor.Fault("a key cannot be a multi-line string");
        }

        cursor.Advance(3);
        cursor.TryTakeNewline(); // A line end right behind the opening quotes is not content.
        return ReadLines(cursor, quote, start);
    }

    private static string ReadLine(TomlCursor cursor, char quote, int start)
    {
        var text = new StringBuilder();
        while (!cursor.TryTake(quote))
        {
            if (cursor.AtEnd || cursor.Current is '\n' or '\r')
            {
                throw cursor.Fault("the string is not closed on its line", start);
            }

            TakeCharacter(cursor, quote, text);
        }

        return text.ToString();
    }

    private static string ReadLines(TomlCursor cursor, char quote, int start)
    {
        var text = new StringBuilder();
        while (true)
        {
            if (cursor.AtEnd)
            {
                throw cursor.Fault("the multi-line string is not closed", start);
            }

            if (cursor.Current == quote)
            {
                // Up to two quotes are content, also directly before the closing three.
                var run = cursor.TakeWhile(c => c == quote).Length;
                if (run > 5)
                {
                    throw cursor.Fault($"too many quotes in a row: three close the string, with at most two before them", cursor.Position - run);
                }

                text.Append(quote, run < 3 ? run : run - 3);
                if (run >= 3)
                {
                    return text.ToString();
                }
            }
            else if (cursor.TryTakeNewline())
            {
                text.Append('\n');
            }
            else if (quote != '"' || !TrySkipLineContinuation(cursor))
            {
                TakeCharacter(cursor, quote, text);
            }
        }
    }

    // A backslash at the end of a line swallows the line end and all white space that follows.
    private static bool TrySkipLineContinuation(TomlCursor cursor)
    {
        if (cursor.Current != '\\')
        {
            return false;
        }

        var blanks = 1;
        while (cursor.Ahead(blanks) is ' ' or '\t')
        {
            blanks++;
        }

        if (cursor.Ahead(blanks) != '\n' && !(cursor.Ahead(blanks) == '\r' && cursor.Ahead(blanks + 1) == '\n'))
        {
            return false;
        }

        cursor.Advance(blanks);
        do
        {
            cursor.SkipBlanks();
        }
        while (cursor.TryTakeNewline());
        return true;
    }

    private static void TakeCharacter(TomlCursor cursor, char quote, StringBuilder text)
    {
        if (TomlCursor.IsForbidden(cursor.Current))
        {
            throw cursor.Fault($"{cursor.Describe()} in a string" + (quote == '"' ? "; write it as an escape" : ""));
        }

        if (quote == '"' && cursor.Current == '\\')
        {
            TakeEscape(cursor, text);
            return;
        }

        text.Append(cursor.Current);
        cursor.Advance();
    }

    private static void TakeEscape(TomlCursor cursor, StringBuilder text)
    {
        var start = cursor.Position;
        var letter = cursor.Ahead(1);
        if (letter is 'u' or 'U')
        {
            cursor.Advance(2);
            text.Append(TakeScalar(cursor, letter == 'u' ? 4 : 8, start));
            return;
        }

        text.Append(letter switch
        {
            'b' => '\b',
            't' => '\t',
            'n' => '\n',
            'f' => '\f',
            'r' => '\r',
            '"' => '"',
            '\\' => '\\',
            _ => throw cursor.Fault("unknown escape; known are \\b \\t \\n \\f \\r \\\" \\\\ \\uXXXX \\UXXXXXXXX (a '…' string needs none)"),
        });
        cursor.Advance(2);
    }

    private static string TakeScalar(TomlCursor cursor, int digits, int start)
    {
        var hex = "";
        while (hex.Length < digits && char.IsAsciiHexDigit(cursor.Current))
        {
            hex += cursor.Current;
            cursor.Advance();
        }

        if (hex.Length < digits)
        {
            throw cursor.Fault($"expected {digits} hexadecimal digits in the escape", start);
        }

        var scalar = uint.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return Rune.IsValid(scalar)
            ? new Rune(scalar).ToString()
            : throw cursor.Fault($"U+{hex} is not a Unicode character", start);
    }
}
