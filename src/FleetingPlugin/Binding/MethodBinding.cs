using FleetingPlugin.HostContract;

namespace FleetingPlugin.Binding;

/// <summary>How the runner wants to be told of the instances.</summary>
internal enum UpdateShape
{
    /// <summary>One message: a list, lists in step, or a map.</summary>
    Message,

    /// <summary>A stream with one instance in each message.</summary>
    Stream,

    /// <summary>By calling a service of the host, once for each instance.</summary>
    Callback,
}

/// <summary>Something of our contract that has no place in the found one.</summary>
/// <param name="Subject">Where: "Increase.response.succeeded".</param>
/// <param name="IsFatal">Whether the call fails for it.</param>
/// <param name="Text">What is missing in what.</param>
internal sealed record Gap(string Subject, bool IsFatal, string Text);

/// <summary>One method of our contract bound to one of the found contract.</summary>
internal sealed record MethodBinding(CanonicalMethod Canonical, WireMethod Wire, BoundMessage Request, BoundMessage Response)
{
    public UpdateShape Shape { get; init; }

    /// <summary>The host's service and its method for <see cref="UpdateShape.Callback"/>, "/package.Service/Method".</summary>
    public string? CallbackPath { get; init; }

    /// <summary>Both messages are ours, byte for byte.</summary>
    public bool IsIdentical { get; init; }

    /// <summary>The call fails for these.</summary>
    public IReadOnlyList<Gap> Fatal { get; init; } = [];
}
