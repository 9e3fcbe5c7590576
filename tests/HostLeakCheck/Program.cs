using System.Globalization;
using HostLeakCheck;
using LinuxHost;

const string Usage = """
    hostleak snapshot FILE [--dir DIRECTORY]... [--exclude FILE]... [--netns NAME]... [--marker TEXT]... [--ignore-netns PREFIX]...
        Writes the state of the host to FILE.
    hostleak compare FILE [--settle SECONDS]
        Compares the host with FILE, with the same options, for at most SECONDS (default 10) until both are equal.
        Exit code 0: equal. 1: differences, printed one per line. 2: the check itself failed.
    """;

try
{
    switch (args)
    {
        case ["snapshot", string file, .. string[] options]:
            (await HostSnapshot.TakeAsync(ParseScope(file, options))).Save(file);
            return 0;
        case ["compare", string file, .. string[] options]:
            return await CompareAsync(file, ParseSettle(options));
        default:
            await Console.Error.WriteLineAsync(Usage);
            return 2;
    }
}
catch (Exception e) when (e is HostCommandException or HostResourceException or InvalidDataException or IOException or UnauthorizedAccessException or ArgumentException)
{
    await Console.Error.WriteLineAsync($"hostleak: {e.Message}");
    return 2;
}

static async Task<int> CompareAsync(string file, TimeSpan settle)
{
    IReadOnlyList<string> differences = await HostSnapshot.Load(file).DifferencesAsync(settle);
    foreach (string difference in differences)
    {
        Console.WriteLine(difference);
    }
    Console.WriteLine(differences.Count == 0
        ? "leak check: the host is as it was"
        : string.Create(CultureInfo.InvariantCulture, $"leak check: {differences.Count} differences"));
    return differences.Count == 0 ? 0 : 1;
}

static SnapshotScope ParseScope(string file, string[] options)
{
    ILookup<string, string> values = Pairs(options, "--dir", "--exclude", "--netns", "--marker", "--ignore-netns")
        .ToLookup(pair => pair.Name, pair => pair.Value);
    return new SnapshotScope
    {
        Directories = [.. values["--dir"].Select(Path.GetFullPath)],
        ExcludedFiles = [.. values["--exclude"].Append(file).Select(Path.GetFullPath)],
        Namespaces = [.. values["--netns"]],
        Markers = [.. values["--marker"]],
        IgnoredNamespaces = [.. values["--ignore-netns"]],
    };
}

static TimeSpan ParseSettle(string[] options)
{
    string text = Pairs(options, "--settle").Select(pair => pair.Value).LastOrDefault() ?? "10";
    return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
        ? TimeSpan.FromSeconds(seconds)
        : throw new ArgumentException($"--settle {text}: not a number of seconds");
}

static IEnumerable<(string Name, string Value)> Pairs(string[] options, params string[] known) =>
    options.Length % 2 == 0
        ? options.Chunk(2).Select(pair => known.Contains(pair[0])
            ? (pair[0], pair[1])
            : throw new ArgumentException($"unknown option {pair[0]}; known: {string.Join(", ", known)}"))
        : throw new ArgumentException($"option {options[^1]} has no value");
