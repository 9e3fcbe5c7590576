using System.Text.Json;

namespace FleetingPlugin.Options;

/// <summary>How one kind of value is read from JSON, and how that is said to an operator.</summary>
/// <param name="TypeName">One or two words for the reference page.</param>
/// <param name="Expected">What is accepted, completing "expected …".</param>
/// <param name="Read">The reader; it never throws.</param>
internal sealed record ValueRule<T>(string TypeName, string Expected, Func<JsonElement, Reading<T>> Read);

/// <summary>Outcome of reading one value.</summary>
/// <param name="Success">Whether the value is good.</param>
/// <param name="Value">The value if it is.</param>
/// <param name="Reason">What is wrong beyond "not what was expected"; may be empty.</param>
internal readonly record struct Reading<T>(bool Success, T? Value, string Reason)
{
    /// <summary>A good value.</summary>
    public static Reading<T> Of(T value) => new(true, value, "");

    /// <summary>A value that is not acceptable.</summary>
    public static Reading<T> Fault(string reason) => new(false, default, reason);
}
