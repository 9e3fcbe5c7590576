using System.Text;

namespace VmmProcess;

/// <summary>What a guest prints goes into our errors and logs, where terminal control sequences have no business.</summary>
public static class PrintableText
{
    private const char Escape = '\u001b';

    /// <summary>Drops control characters (but line feeds) and ANSI escape sequences.</summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == Escape)
            {
                i = EndOfSequence(text, i);
            }
            else if (c == '\n' || !char.IsControl(c))
            {
                clean.Append(c);
            }
        }
        return clean.ToString();
    }

    // ECMA-48: ESC [ parameters (0x20 to 0x3f) final (0x40 to 0x7e); all other sequences we meet have one character.
    private static int EndOfSequence(string text, int start)
    {
        int i = start + 1;
        if (i >= text.Length || text[i] != '[')
        {
            return i;
        }
        do
        {
            i++;
        }
        while (i < text.Length && text[i] is >= ' ' and <= '?');
        return i;
    }
}
