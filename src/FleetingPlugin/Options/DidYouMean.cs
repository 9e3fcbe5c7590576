namespace FleetingPlugin.Options;

/// <summary>Finds the known name that somebody probably wanted to write.</summary>
internal static class DidYouMean
{
    /// <summary>The nearest of <paramref name="known"/>, or null when none is near enough to be a typing error.</summary>
    public static string? Nearest(string written, IEnumerable<string> known)
    {
        var lower = written.ToLowerInvariant();
        string? best = null;
        var bestDistance = int.MaxValue;
        foreach (var name in known)
        {
            // A nested key without its table ("allow") and a shortened one ("vm_disk_dir") are as near as can be.
            var isPart = name.EndsWith("." + lower, StringComparison.Ordinal) || (lower.Length > 3 && name.StartsWith(lower, StringComparison.Ordinal));
            var distance = isPart ? 0 : Distance(lower, name);
            if (distance < bestDistance)
            {
                (best, bestDistance) = (name, distance);
            }
        }

        return best is not null && bestDistance <= Math.Max(1, best.Length / 3) ? best : null;
    }

    /// <summary>Insertions, deletions, substitutions and swaps of neighbours that turn one text into the other.</summary>
    internal static int Distance(string from, string to)
    {
        // Three rows of the usual table: a swap looks back two rows.
        var beforeLast = new int[to.Length + 1];
        var last = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var row = new int[to.Length + 1];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var substitution = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                row[j] = Math.Min(substitution, 1 + Math.Min(last[j], row[j - 1]));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }

            (beforeLast, last) = (last, row);
        }

        return last[to.Length];
    }
}
