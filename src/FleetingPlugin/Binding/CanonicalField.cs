using System.Collections;
using FleetingPlugin.Contract;

namespace FleetingPlugin.Binding;

/// <summary>What a field means; decides which wire types it can be bound to and how values are converted (<see cref="ValueKinds"/>).</summary>
internal enum ValueKind
{
    /// <summary>A string.</summary>
    Text,

    /// <summary>A string from a small set, which others write as an enum.</summary>
    Word,

    /// <summary>A whole number.</summary>
    Count,

    /// <summary>A truth value.</summary>
    Flag,

    /// <summary>Bytes, or the same as a string.</summary>
    Secret,

    /// <summary>A span of time.</summary>
    Duration,

    /// <summary>A point in time.</summary>
    Time,

    /// <summary>An instance's state.</summary>
    State,

    /// <summary>A JSON document.</summary>
    Json,

    /// <summary>An error's text; empty for none.</summary>
    Error,

    /// <summary>The number that goes with an error's text.</summary>
    ErrorCode,

    /// <summary>The number of a service the host serves for us.</summary>
    Broker,
}

/// <summary>What it means if a contract has no place for a field.</summary>
internal enum Need
{
    /// <summary>The call cannot work: error.</summary>
    Required,

    /// <summary>Something is lost: warning.</summary>
    Wanted,

    /// <summary>Nothing is lost: an alternative form, or a thing we never fill.</summary>
    Free,
}

/// <summary>One row of the table: a field of our contract, or a member of a list's items.</summary>
/// <param name="Name">Name in proto/fleeting.proto.</param>
/// <param name="Kind">What it means.</param>
/// <param name="Need">What its absence means.</param>
/// <param name="Names">All names it is known by, normalised, our own first.</param>
internal sealed record CanonicalField(string Name, ValueKind Kind, Need Need, IReadOnlyList<string> Names)
{
    /// <summary>Reads it from a response, or from one item of the list.</summary>
    public Func<object, object?>? Get { get; init; }

    /// <summary>Replaces <see cref="Get"/> where this is the only bound member of its <see cref="Group"/>.</summary>
    public Func<object, object?>? GetAlone { get; init; }

    /// <summary>Puts a value into a request; a list's member adds an item.</summary>
    public Action<object, object>? Set { get; init; }

    /// <summary>The list it is a member of; null for a plain field.</summary>
    public string? List { get; init; }

    /// <summary>The items of that list in a response.</summary>
    public Func<object, IList>? Items { get; init; }

    /// <summary>Bound to the only field of a fitting type although nothing fails without it; required fields always are.</summary>
    public bool ByStructure { get; init; }

    /// <summary>One bound member of a group satisfies the need of all.</summary>
    public string? Group { get; init; }
}

/// <summary>A method of our contract.</summary>
/// <param name="Name">Name in proto/fleeting.proto.</param>
/// <param name="Names">All names it is known by, normalised.</param>
/// <param name="Request">Fields read from its request.</param>
/// <param name="Response">Fields written to its response.</param>
internal sealed record CanonicalMethod(
    string Name, IReadOnlyList<string> Names, IReadOnlyList<CanonicalField> Request, IReadOnlyList<CanonicalField> Response);

/// <summary>A field of the connector settings, which go both ways.</summary>
internal sealed record ConnectorField(
    string Name, ValueKind Kind, Func<ConnectorConfig, object?> Get, Action<ConnectorConfig, object> Set, string Synonyms = "");
