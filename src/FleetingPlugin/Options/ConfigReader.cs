using System.Text.Json;

namespace FleetingPlugin.Options;

/// <summary>Finds the known keys in a plugin_config object, nested or dotted, and complains about everything else.</summary>
internal sealed class ConfigReader(List<string> faults)
{
    private readonly Dictionary<OptionKey, string> _seenAs = [];
    private readonly List<string> _strangers = [];

    /// <summary>Every known key that has a value, with the name as written.</summary>
    public List<(OptionKey Key, string Written, JsonElement Value)> Found { get; } = [];

    /// <summary>Walks the whole object.</summary>
    public void Read(JsonElement root)
    {
        ReadTable(root, "");
        if (_strangers.Count > 0)
        {
            faults.Add($"unknown {(_strangers.Count == 1 ? "key" : "keys")} {string.Join(", ", _strangers)}: the keys are {string.Join(", ", OptionTable.Keys.Select(key => key.Name))}");
        }
    }

    private void ReadTable(JsonElement table, string prefix)
    {
        foreach (var property in table.EnumerateObject())
        {
            var written = prefix + property.Name;
            if (OptionTable.Find(written) is { } key)
            {
                Note(key, written, property.Value);
            }
            else if (OptionTable.Tables.Contains(written, StringComparer.OrdinalIgnoreCase))
            {
                ReadNested(written, property.Value);
            }
            else
            {
                NoteUnknown(written, property.Value);
            }
        }
    }

    private void Note(OptionKey key, string written, JsonElement value)
    {
        if (!_seenAs.TryAdd(key, written))
        {
            faults.Add($"{written} = {JsonWords.Shown(value)}: {key.Name} is given twice (also as {_seenAs[key]})");
        }
        else if (value.ValueKind != JsonValueKind.Null)
        {
            // A null is Go's way to say "not set".
            Found.Add((key, written, value));
        }
    }

    private void ReadNested(string written, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            ReadTable(value, written + ".");
        }
        else if (value.ValueKind != JsonValueKind.Null)
        {
            var inside = OptionTable.Keys.Where(key => key.Name.StartsWith(written + ".", StringComparison.OrdinalIgnoreCase)).Select(key => key.Name);
            faults.Add($"{written} = {JsonWords.Shown(value)}: expected a table with {string.Join(", ", inside)}; got {JsonWords.Kind(value)}");
        }
    }

    private void NoteUnknown(string written, JsonElement value)
    {
        if (DidYouMean.Nearest(written, OptionTable.Keys.Select(key => key.Name).Concat(OptionTable.Tables)) is { } near)
        {
            faults.Add($"{written} = {JsonWords.Shown(value)}: unknown key, did you mean {near}?");
        }
        else
        {
            _strangers.Add($"{written} = {JsonWords.Shown(value)}");
        }
    }
}
