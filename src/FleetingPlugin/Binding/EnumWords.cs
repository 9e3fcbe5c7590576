using FleetingPlugin.HostContract;

namespace FleetingPlugin.Binding;

/// <summary>Reads an enum's value names as words: INSTANCE_STATE_RUNNING, StateRunning and RUNNING all say "running".</summary>
internal static class EnumWords
{
    /// <summary>The word of every value, normalised: without the prefix that all values or the type's name share.</summary>
    public static IReadOnlyDictionary<string, int> Of(WireEnum type)
    {
        var words = type.Values.Select(value => (Words: FieldNames.WordsOf(value.Name), value.Number)).ToList();
        int common = 0;
        while (words.Count > 1 && words.All(value => value.Words.Count > common + 1 && value.Words[common] == words[0].Words[common]))
        {
            common++;
        }
        var found = new Dictionary<string, int>();
        foreach ((IReadOnlyList<string> value, int number) in words)
        {
            found.TryAdd(string.Concat(value.Skip(common)), number);
        }
        // A zero value of another pattern hides the prefix of the others: their endings still tell.
        foreach ((IReadOnlyList<string> value, int number) in words.Where(value => value.Words.Count > common + 1))
        {
            for (int skip = common + 1; skip < value.Count; skip++)
            {
                if (!value.Take(skip).Contains("not"))
                {
                    found.TryAdd(string.Concat(value.Skip(skip)), number);
                }
            }
        }
        return found;
    }

    /// <summary>The number for each of our states; null if the enum cannot say whether an instance lives.</summary>
    public static IReadOnlyDictionary<string, int>? StatesOf(WireEnum type)
    {
        IReadOnlyDictionary<string, int> words = Of(type);
        var numbers = new Dictionary<string, int>();
        foreach ((string state, IReadOnlyList<string> names, _) in BindingTable.States)
        {
            if (names.FirstOrDefault(words.ContainsKey) is { } name)
            {
                numbers[state] = words[name];
            }
        }
        foreach ((string state, _, string? instead) in BindingTable.States.Where(row => !numbers.ContainsKey(row.State)))
        {
            if (instead is null || !numbers.TryGetValue(instead, out int number))
            {
                return null;
            }
            numbers[state] = number;
        }
        return numbers;
    }

    /// <summary>Our states that the enum lacks, with the state said instead.</summary>
    public static IEnumerable<(string State, string Instead)> Replaced(WireEnum type)
    {
        IReadOnlyDictionary<string, int> words = Of(type);
        return BindingTable.States.Where(row => row.Instead is not null && !row.Names.Any(words.ContainsKey)).Select(row => (row.State, row.Instead!));
    }
}
