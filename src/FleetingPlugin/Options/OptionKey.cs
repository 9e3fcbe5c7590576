using System.Text.Json;
using VmPool.Options;

namespace FleetingPlugin.Options;

/// <summary>One key of plugin_config: parsing, <c>toml</c>, the reference page and "did you mean" all work from this.</summary>
/// <param name="Name">As documented; a point separates a table from its key.</param>
/// <param name="TypeName">For the reference page.</param>
/// <param name="Expected">Bounds, completing "expected …".</param>
/// <param name="Default">What holds when the key is absent.</param>
/// <param name="Example">A TOML value other than the default.</param>
/// <param name="Meaning">What it does, in a sentence or two.</param>
/// <param name="Apply">Puts a value into the options, or says what is wrong with it.</param>
internal sealed record OptionKey(
    string Name, string TypeName, string Expected, OptionDefault Default, string Example, string Meaning, Func<GroupOptions, JsonElement, Applied> Apply)
{
    /// <summary>Ties a rule to the place where its value belongs.</summary>
    public static OptionKey Of<T>(string name, ValueRule<T> rule, OptionDefault @default, string example, string meaning, Func<GroupOptions, T, GroupOptions> place) =>
        new(name, rule.TypeName, rule.Expected, @default, example, meaning, (options, element) => rule.Read(element) is { Success: true } reading
            ? new Applied(place(options, reading.Value!), null)
            : new Applied(options, rule.Read(element).Reason));
}

/// <summary>What holds when a key is absent: a TOML literal, or words when it depends on the host or on other keys.</summary>
internal readonly record struct OptionDefault(string Text, bool IsLiteral)
{
    /// <summary>A TOML value.</summary>
    public static OptionDefault Is(string literal) => new(literal, true);

    /// <summary>A description of where the value comes from.</summary>
    public static OptionDefault From(string words) => new(words, false);
}

/// <summary>Options with one more value in them; <paramref name="Reason"/> is null when the value was good.</summary>
internal readonly record struct Applied(GroupOptions Options, string? Reason);
