using System.Globalization;

namespace FleetingPlugin.HostContract;

/// <summary>The words, numbers, strings and signs of .proto text; comments are passed over. Lines are counted for error texts.</summary>
internal sealed class ProtoTokens(string file, string text)
{
    private int position;
    private int line = 1;
    private string? peeked;

    /// <summary>The next token without taking it; "" at the end. A string literal keeps its opening quote.</summary>
    public string Peek => peeked ??= Scan();

    public string Next()
    {
        string token = Peek;
        peeked = null;
        return token;
    }

    public bool TryTake(string token)
    {
        if (Peek != token)
        {
            return false;
        }
        Next();
        return true;
    }

    public void Expect(string token)
    {
        if (!TryTake(token))
        {
            throw Fault($"expected '{token}'");
        }
    }

    public string Identifier() => Peek is [var first, ..] && (first is '_' or '.' || char.IsAsciiLetter(first)) ? Next() : throw Fault("expected a name");

    public string Text() => Peek is ['"' or '\'', ..] ? Next()[1..] : throw Fault("expected a string");

    public int Number()
    {
        string token = Peek;
        bool negative = token == "-";
        if (negative)
        {
            Next();
            token = Peek;
        }
        bool hex = token.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (!int.TryParse(hex ? token[2..] : token, hex ? NumberStyles.HexNumber : NumberStyles.None, CultureInfo.InvariantCulture, out int value))
        {
            throw Fault("expected a number");
        }
        Next();
        return negative ? -value : value;
    }

    /// <summary>Passes over everything up to the end of a statement, with whatever brackets it contains.</summary>
    public void SkipStatement()
    {
        var depth = 0;
        while (Peek.Length > 0)
        {
            string token = Next();
            depth += token is "{" or "[" or "(" ? 1 : token is "}" or "]" or ")" ? -1 : 0;
            if (depth <= 0 && token is ";" or "}")
            {
                TryTake(";");
                return;
            }
        }
        throw Fault("the statement has no end");
    }

    public ContractUnreadableException Fault(string what) => new($"{file}, line {line}: {what}, found '{(Peek.Length == 0 ? "end of file" : Peek)}'");

    private string Scan()
    {
        SkipSpace();
        if (position == text.Length)
        {
            return "";
        }
        int start = position++;
        char first = text[start];
        if (first is '"' or '\'')
        {
            while (position < text.Length && text[position] != first && text[position] != '\n')
            {
                position += text[position] == '\\' ? 2 : 1;
            }
            if (position >= text.Length || text[position] != first)
            {
                throw new ContractUnreadableException($"{file}, line {line}: a string without end");
            }
            return text[start..position++];
        }
        if (IsWord(first))
        {
            while (position < text.Length && IsWord(text[position]))
            {
                position++;
            }
        }
        return text[start..position];
    }

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '.';

    private void SkipSpace()
    {
        while (position < text.Length)
        {
            if (text.AsSpan(position).StartsWith("//"))
            {
                int end = text.IndexOf('\n', position);
                position = end < 0 ? text.Length : end;
            }
            else if (text.AsSpan(position).StartsWith("/*"))
            {
                int end = text.IndexOf("*/", position + 2, StringComparison.Ordinal);
                int to = end < 0 ? text.Length : end + 2;
                line += text.AsSpan(position, to - position).Count('\n');
                position = to;
            }
            else if (char.IsWhiteSpace(text[position]) || text[position] == '\uFEFF')
            {
                line += text[position++] == '\n' ? 1 : 0;
            }
            else
            {
                return;
            }
        }
    }
}
