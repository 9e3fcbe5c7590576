using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FleetingPlugin.Options;

/// <summary>The kinds of value that plugin_config knows, apart from network ones (<see cref="NetworkRules"/>).</summary>
internal static partial class Rules
{
    /// <summary>true or false.</summary>
    public static ValueRule<bool> Boolean { get; } = new("boolean", "true or false", element => element.ValueKind switch
    {
        JsonValueKind.True => Reading<bool>.Of(true),
        JsonValueKind.False => Reading<bool>.Of(false),
        _ => WrongKind<bool>(element),
    });

    /// <summary>An absolute path below the root.</summary>
    public static ValueRule<string> Directory { get; } = Text("path", "an absolute path without \"..\"", PathObjection);

    /// <summary>A file's absolute path; empty for none.</summary>
    public static ValueRule<string?> File { get; } = Optional(Text("path", "the absolute path of a file, without \"..\"", PathObjection));

    /// <summary>Words for the kernel. x86's takes 2047 characters; the rest is for what hypervisors and we add.</summary>
    public static ValueRule<string> KernelWords { get; } = Text("string", "at most 1536 printable ASCII characters", static words =>
        words.Length > 1536 ? "it is longer" : words.Any(c => c is < ' ' or > '~') ? "it contains another character" : null);

    /// <summary>An interface name as the kernel allows it; empty means the default, as in fleetingd.</summary>
    public static ValueRule<string?> InterfaceName { get; } = Optional(Text("interface name", "an interface name of 1 to 15 characters",
        static name => InterfacePattern().IsMatch(name) && name is not ("." or "..") ? null : "no interface can have this name"));

    /// <summary>A group name.</summary>
    public static ValueRule<string> GroupName { get; } =
        Text("string", "a lower-case letter, then up to 15 of a-z, 0-9 and -", static name => IsGroupName(name) ? null : "");

    /// <summary>Whether a group may be called so.</summary>
    public static bool IsGroupName(string name) => GroupPattern().IsMatch(name);

    /// <summary>A login user that the image can create.</summary>
    public static ValueRule<string> UserName { get; } =
        Text("string", UserNames.Expected, UserNames.Objection);

    /// <summary>A package mirror; empty means the host's.</summary>
    public static ValueRule<string?> Mirror { get; } = Optional(Text("URL", "an http:// or https:// URL", static url =>
        url.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) ? "it contains a space"
        : !Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0 ? "" : null));

    /// <summary>A list of strings.</summary>
    public static ValueRule<IReadOnlyList<string>> Strings { get; } =
        List("array of strings", "an array of strings", static element => element.ValueKind == JsonValueKind.String
            ? element.GetString()!.Contains('\0', StringComparison.Ordinal) ? Reading<string>.Fault("it contains a NUL character") : Reading<string>.Of(element.GetString()!)
            : WrongKind<string>(element));

    /// <summary>A shell command of one or more lines; empty for none.</summary>
    public static ValueRule<string> ShellText { get; } = Text("string", "a shell command of at most 4096 characters",
        static text => text.Length > 4096 ? "it is longer" : text.Contains('\0', StringComparison.Ordinal) ? "it contains a NUL character" : null);

    /// <summary>Names of systemd units, each with its type.</summary>
    public static ValueRule<IReadOnlyList<string>> UnitNames { get; } =
        List("array of strings", "an array of systemd unit names such as \"nginx.service\"", static element =>
            element.ValueKind != JsonValueKind.String ? WrongKind<string>(element)
            : UnitPattern().IsMatch(element.GetString()!) ? Reading<string>.Of(element.GetString()!)
            : Reading<string>.Fault("is not the name of a unit with its type (.service, .socket, …)"));

    /// <summary>Empty, or the name of a creation or undo step.</summary>
    public static ValueRule<string> StepName { get; } = Text("string", "the name of a step, or \"\"",
        static name => name.Length == 0 || StepPattern().IsMatch(name) ? null : "");

    /// <summary>A whole number within bounds.</summary>
    public static ValueRule<int> Integer(int least, int most) => new("integer", Invariant($"a whole number from {least} to {most}"), element =>
        element.ValueKind != JsonValueKind.Number ? WrongKind<int>(element)
        : !element.TryGetInt64(out var number) ? Reading<int>.Fault(element.GetRawText().AsSpan().ContainsAny(".eE") ? "it is not a whole number" : "it is out of range")
        : number < least ? Reading<int>.Fault(Invariant($"it is below {least}"))
        : number > most ? Reading<int>.Fault(Invariant($"it is above {most}"))
        : Reading<int>.Of((int)number));

    /// <summary>A number from 0 to 1.</summary>
    public static ValueRule<double> Share { get; } = new("number", "a number from 0 to 1", element =>
        element.ValueKind != JsonValueKind.Number ? WrongKind<double>(element)
        : element.TryGetDouble(out var number) && number is >= 0 and <= 1 ? Reading<double>.Of(number)
        : Reading<double>.Fault("it is out of range"));

    /// <summary>A Go duration within bounds.</summary>
    public static ValueRule<TimeSpan> Duration(TimeSpan least, TimeSpan most) =>
        new("duration", $"a duration such as \"90s\" or \"5m\", from {GoDuration.Format(least)} to {GoDuration.Format(most)}", element =>
            element.ValueKind != JsonValueKind.String ? WrongKind<TimeSpan>(element)
            : !GoDuration.TryParse(element.GetString()!, out var duration, out var fault) ? Reading<TimeSpan>.Fault(fault)
            : duration < least ? Reading<TimeSpan>.Fault($"it is below {GoDuration.Format(least)}")
            : duration > most ? Reading<TimeSpan>.Fault($"it is above {GoDuration.Format(most)}")
            : Reading<TimeSpan>.Of(duration));

    /// <summary>One of a few words.</summary>
    public static ValueRule<string> Choice(params string[] words) =>
        Text("string", words.Length == 1 ? $"\"{words[0]}\"" : "one of " + string.Join(", ", words.Select(word => $"\"{word}\"")),
            value => words.Contains(value) ? null : DidYouMean.Nearest(value, words) is { } near ? $"did you mean \"{near}\"?" : "");

    /// <summary>A string that <paramref name="objection"/> has nothing against (null; empty text means "just not what is expected").</summary>
    public static ValueRule<string> Text(string typeName, string expected, Func<string, string?> objection) => new(typeName, expected, element =>
        element.ValueKind != JsonValueKind.String ? WrongKind<string>(element)
        : objection(element.GetString()!) is { } reason ? Reading<string>.Fault(reason)
        : Reading<string>.Of(element.GetString()!));

    /// <summary>A list whose items follow one rule; the first bad item is named.</summary>
    public static ValueRule<IReadOnlyList<T>> List<T>(string typeName, string expected, Func<JsonElement, Reading<T>> readItem) => new(typeName, expected, element =>
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            return WrongKind<IReadOnlyList<T>>(element);
        }

        var items = new List<T>(element.GetArrayLength());
        foreach (var item in element.EnumerateArray())
        {
            var reading = readItem(item);
            if (!reading.Success)
            {
                var reason = reading.Reason.Length == 0 ? "is not acceptable" : reading.Reason;
                return Reading<IReadOnlyList<T>>.Fault(Invariant($"entry {items.Count + 1}, {JsonWords.Shown(item)}: {reason}"));
            }

            items.Add(reading.Value!);
        }

        return Reading<IReadOnlyList<T>>.Of(items);
    });

    /// <summary>The fault of a value of another JSON kind.</summary>
    public static Reading<T> WrongKind<T>(JsonElement element) => Reading<T>.Fault($"got {JsonWords.Kind(element)}");

    private static string? PathObjection(string path) =>
        !path.StartsWith('/') ? "it does not begin with /"
        : path.Trim('/').Length == 0 ? "the root directory itself cannot be used"
        : path.Split('/').Contains("..") ? "it contains \"..\""
        : path.Any(char.IsControl) ? "it contains a control character"
        : null;

    private static ValueRule<string?> Optional(ValueRule<string> rule) => new(rule.TypeName, rule.Expected, element =>
        element.ValueKind == JsonValueKind.String && element.ValueEquals(""u8) ? Reading<string?>.Of(null)
        : rule.Read(element) is { Success: true } reading ? Reading<string?>.Of(reading.Value)
        : Reading<string?>.Fault(rule.Read(element).Reason));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,15}\z")]
    private static partial Regex GroupPattern();

    [GeneratedRegex(@"\A[^/:\s\p{Cc}]{1,15}\z")]
    private static partial Regex InterfacePattern();

    // systemd.unit(5): the characters a unit's name may have, at most 255 of them.
    [GeneratedRegex(@"\A[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]{0,200}\.(service|socket|target|timer|path|mount|slice)\z")]
    private static partial Regex UnitPattern();

    [GeneratedRegex(@"\A[a-z][a-z-]{0,31}\z")]
    private static partial Regex StepPattern();
}
