using System.Text.Json.Nodes;

namespace FleetingPlugin.Toml;

/// <summary>TOML 1.0 by recursive descent: the document here, its parts in the neighbouring classes.</summary>
internal sealed class TomlReader : ITomlReader
{
    // Of arrays and inline tables in each other: deeper ones would end the process by its stack.
    private const int DeepestNesting = 64;

    /// <summary>Reads a whole document; see <see cref="ITomlReader.Read"/>.</summary>
    /// <exception cref="TomlException">The text is not TOML 1.0.</exception>
    public static JsonObject Parse(string text)
    {
        var cursor = new TomlCursor(text);
        var tree = new TomlTree(cursor);
        var table = tree.Root;
        for (cursor.SkipLines(); !cursor.AtEnd; cursor.SkipLines())
        {
            if (cursor.Current == '[')
            {
                table = ReadHeader(cursor, tree);
                cursor.FinishLine("a table header");
            }
            else
            {
                ReadPair(cursor, tree, table, depth: 0);
                cursor.FinishLine("a value");
            }
        }

        return tree.Root;
    }

    /// <inheritdoc/>
    public JsonObject Read(string text) => Parse(text);

    private static JsonObject ReadHeader(TomlCursor cursor, TomlTree tree)
    {
        var at = cursor.Position;
        var isArray = cursor.Ahead(1) == '[';
        cursor.Advance(isArray ? 2 : 1);
        var path = TomlKeys.Read(cursor);
        if (!cursor.TryTake(']') || (isArray && !cursor.TryTake(']')))
        {
            throw cursor.Fault($"expected {(isArray ? "]]" : "]")} after the table's name, found {cursor.Describe()}");
        }

        return isArray ? tree.OpenArrayItem(path, at) : tree.OpenTable(path, at);
    }

    private static void ReadPair(TomlCursor cursor, TomlTree tree, JsonObject table, int depth)
    {
        var at = cursor.Position;
        var path = TomlKeys.Read(cursor);
        if (!cursor.TryTake('='))
        {
            throw cursor.Fault($"expected = after the key {string.Join('.', path)}, found {cursor.Describe()}");
        }

        cursor.SkipBlanks();
        tree.Set(table, path, ReadValue(cursor, tree, depth), at);
    }

    private static JsonNode ReadValue(TomlCursor cursor, TomlTree tree, int depth)
    {
        if (depth > DeepestNesting)
        {
            throw cursor.Fault($"arrays and inline tables are nested deeper than {DeepestNesting}");
        }

        return cursor.Current switch
        {
            '"' or '\'' => JsonValue.Create(TomlStrings.Read(cursor, allowMultiline: true)),
            '[' => ReadArray(cursor, tree, depth),
            '{' => ReadInlineTable(cursor, tree, depth),
            _ => TomlScalars.Read(cursor),
        };
    }

    private static JsonArray ReadArray(TomlCursor cursor, TomlTree tree, int depth)
    {
        var start = cursor.Position;
        cursor.Advance();
        var array = new JsonArray();
        for (cursor.SkipLines(); !cursor.TryTake(']'); cursor.SkipLines())
        {
            if (cursor.AtEnd)
            {
                throw cursor.Fault("the array is not closed", start);
            }

            array.Add(ReadValue(cursor, tree, depth + 1));
            cursor.SkipLines();
            if (!cursor.TryTake(',') && !cursor.AtEnd && cursor.Current != ']')
            {
                throw cursor.Fault($"expected , or ] in the array, found {cursor.Describe()}");
            }
        }

        return array;
    }

    private static JsonObject ReadInlineTable(TomlCursor cursor, TomlTree tree, int depth)
    {
        cursor.Advance();
        var table = tree.OpenInline();
        cursor.SkipBlanks();
        if (!cursor.TryTake('}'))
        {
            do
            {
                cursor.SkipBlanks();
                ReadPair(cursor, tree, table, depth + 1);
                cursor.SkipBlanks();
            }
            while (cursor.TryTake(','));
            if (!cursor.TryTake('}'))
            {
                throw cursor.Fault($"expected , or }} in the inline table, found {cursor.Describe()} (an inline table stands on one line)");
            }
        }

        tree.Close(table);
        return table;
    }
}
