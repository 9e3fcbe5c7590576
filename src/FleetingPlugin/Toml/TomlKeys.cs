namespace FleetingPlugin.Toml;

/// <summary>Keys: bare, quoted, and several of them joined by points.</summary>
internal static class TomlKeys
{
    // Far beyond any real document, far below what a walk over the tree could not bear.
    private const int MostParts = 64;

    /// <summary>Reads a key and moves behind it and the blanks that follow.</summary>
    public static List<string> Read(TomlCursor cursor)
    {
        var parts = new List<string>();
        do
        {
            cursor.SkipBlanks();
            if (parts.Count == MostParts)
            {
                throw cursor.Fault($"a key may have at most {MostParts} parts");
            }

            parts.Add(ReadPart(cursor));
            cursor.SkipBlanks();
        }
        while (cursor.TryTake('.'));
        return parts;
    }

    private static string ReadPart(TomlCursor cursor)
    {
        if (cursor.Current is '"' or '\'')
        {
            return TomlStrings.Read(cursor, allowMultiline: false);
        }

        var bare = cursor.TakeWhile(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
        return bare.Length > 0 ? bare
            : throw cursor.Fault($"expected a key, found {cursor.Describe()}" + (char.IsLetterOrDigit(cursor.Current) ? "; other letters than a-z need quotes" : ""));
    }
}
