namespace VmPool.Images;

/// <summary>One archive and suite named in a file of apt's sources, in either of apt's two formats (sources.list(5)).</summary>
internal sealed record AptEntry(string File, string Uri, string Suite, IReadOnlyList<string> Components, string SignedBy)
{
    /// <summary>Suite without its pocket.</summary>
    public string Release => Suite.Split(['-', '/'], 2)[0];

    /// <summary>security, updates, another pocket's name, or empty for the release itself.</summary>
    public string Pocket => Suite.Split(['-', '/'], 2) is [_, string pocket] ? pocket : "";

    /// <summary>All enabled binary entries of a file.</summary>
    public static IEnumerable<AptEntry> Read(string file)
        => file.EndsWith(".sources", StringComparison.Ordinal) ? ReadStanzas(file) : ReadLines(file);

    private static IEnumerable<AptEntry> ReadLines(string file)
    {
        foreach (string line in System.IO.File.ReadLines(file))
        {
            string text = line.Split('#')[0].Trim();
            if (!text.StartsWith("deb ", StringComparison.Ordinal) && !text.StartsWith("deb\t", StringComparison.Ordinal))
            {
                continue;
            }
            text = text[3..].Trim();
            string signedBy = "";
            if (text.StartsWith('[') && text.IndexOf(']', StringComparison.Ordinal) is > 0 and int end)
            {
                signedBy = Words(text[1..end]).FirstOrDefault(word => word.StartsWith("signed-by=", StringComparison.OrdinalIgnoreCase)) is { } option
                    ? option["signed-by=".Length..]
                    : "";
                text = text[(end + 1)..].Trim();
            }
            string[] words = Words(text);
            if (words.Length >= 3 && IsRemote(words[0]))
            {
                yield return new AptEntry(file, words[0].TrimEnd('/'), words[1], words[2..], signedBy);
            }
        }
    }

    private static IEnumerable<AptEntry> ReadStanzas(string file)
    {
        foreach (Dictionary<string, string> stanza in Stanzas(file))
        {
            string Field(string name) => stanza.GetValueOrDefault(name, "");
            if (!Words(Field("types")).Contains("deb") || Field("enabled").Trim() == "no")
            {
                continue;
            }
            foreach (string uri in Words(Field("uris")).Where(IsRemote))
            {
                foreach (string suite in Words(Field("suites")))
                {
                    yield return new AptEntry(file, uri.TrimEnd('/'), suite, Words(Field("components")), Field("signed-by").Trim());
                }
            }
        }
    }

    private static IEnumerable<Dictionary<string, string>> Stanzas(string file)
    {
        var stanza = new Dictionary<string, string>();
        string field = "";
        foreach (string line in System.IO.File.ReadLines(file).Where(line => !line.StartsWith('#')).Append(""))
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                if (stanza.Count > 0)
                {
                    yield return stanza;
                    stanza = [];
                }
            }
            else if (char.IsWhiteSpace(line[0]) && field.Length > 0)
            {
                stanza[field] += "\n" + line.Trim();
            }
            else if (line.Split(':', 2) is [string name, string value])
            {
                field = name.Trim().ToLowerInvariant();
                stanza[field] = value.Trim();
            }
        }
    }

    private static bool IsRemote(string uri)
        => uri.StartsWith("http://", StringComparison.Ordinal) || uri.StartsWith("https://", StringComparison.Ordinal);

    private static string[] Words(string text)
        => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
