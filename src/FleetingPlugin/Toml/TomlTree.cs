using System.Text.Json.Nodes;

namespace FleetingPlugin.Toml;

/// <summary>The tree being built, with TOML's rules on what may be defined twice, reopened or extended.</summary>
internal sealed class TomlTree(TomlCursor cursor)
{
    // How a table came to be decides who may add to it:
    //   Implied   by the header of a table inside it: its own header may still follow, once
    //   Headed    by its own header: only the lines right below it add to it
    //   Dotted    by a dotted key: further dotted keys of the same section add to it, headers only below it
    //   Closed    inline: nobody adds to it
    private enum Origin
    {
        Implied,
        Headed,
        Dotted,
        Closed,
    }

    private readonly Dictionary<JsonNode, Origin> _origins = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<JsonNode> _tableArrays = new(ReferenceEqualityComparer.Instance);

    /// <summary>The whole document.</summary>
    public JsonObject Root { get; } = [];

    /// <summary>Opens <c>[path]</c>.</summary>
    public JsonObject OpenTable(List<string> path, int at)
    {
        var parent = Descend(path, at);
        if (parent[path[^1]] is not { } existing)
        {
            return Add(parent, path[^1], Origin.Headed);
        }

        if (existing is JsonObject table && _origins[table] == Origin.Implied)
        {
            _origins[table] = Origin.Headed;
            return table;
        }

        throw Twice(path, path.Count, at);
    }

    /// <summary>Opens one more <c>[[path]]</c>.</summary>
    public JsonObject OpenArrayItem(List<string> path, int at)
    {
        var parent = Descend(path, at);
        if (parent[path[^1]] is not { } existing)
        {
            existing = new JsonArray();
            _tableArrays.Add(existing);
            parent.Add(path[^1], existing);
        }
        else if (!_tableArrays.Contains(existing))
        {
            throw Twice(path, path.Count, at);
        }

        var item = new JsonObject();
        _origins.Add(item, Origin.Headed);
        existing.AsArray().Add((JsonNode)item);
        return item;
    }

    /// <summary>Puts <c>path = value</c> into a table.</summary>
    public void Set(JsonObject table, List<string> path, JsonNode value, int at)
    {
        for (var i = 0; i < path.Count - 1; i++)
        {
            table = table[path[i]] switch
            {
                null => Add(table, path[i], Origin.Dotted),
                JsonObject existing when _origins[existing] == Origin.Dotted => existing,
                _ => throw Twice(path, i + 1, at),
            };
        }

        if (table.ContainsKey(path[^1]))
        {
            throw Twice(path, path.Count, at);
        }

        table.Add(path[^1], value);
    }

    /// <summary>A table for the keys of an inline table; <see cref="Close"/> it behind the brace.</summary>
    public JsonObject OpenInline()
    {
        var table = new JsonObject();
        _origins.Add(table, Origin.Dotted);
        return table;
    }

    /// <summary>Nothing may be added to an inline table once it is complete.</summary>
    public void Close(JsonObject inline) => _origins[inline] = Origin.Closed;

    // The way to the last part of a header: through tables, and through the newest item of an array of tables.
    private JsonObject Descend(List<string> path, int at)
    {
        var table = Root;
        for (var i = 0; i < path.Count - 1; i++)
        {
            table = table[path[i]] switch
            {
                null => Add(table, path[i], Origin.Implied),
                JsonObject existing when _origins[existing] != Origin.Closed => existing,
                JsonArray array when _tableArrays.Contains(array) => array[^1]!.AsObject(),
                _ => throw Twice(path, i + 1, at),
            };
        }

        return table;
    }

    private JsonObject Add(JsonObject parent, string key, Origin origin)
    {
        var table = new JsonObject();
        _origins.Add(table, origin);
        parent.Add(key, table);
        return table;
    }

    private TomlException Twice(List<string> path, int parts, int at) =>
        cursor.Fault($"{string.Join('.', path.Take(parts))} is already defined" + (parts < path.Count ? " and cannot be extended here" : ""), at);
}
