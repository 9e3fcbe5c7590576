using FieldType = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Type;

namespace FleetingPlugin.HostContract;

/// <summary>A contract as found: one service with everything its messages need, names resolved to objects.</summary>
/// <param name="Service">The service the runner calls.</param>
/// <param name="Others">The other services of its file; one of them may be the host's callback.</param>
/// <param name="FileName">Name of the descriptor's .proto file.</param>
internal sealed record WireContract(WireService Service, IReadOnlyList<WireService> Others, string FileName);

/// <summary>One service.</summary>
/// <param name="FullName">"package.Service", as it stands in the calls' paths.</param>
/// <param name="Methods">In the order of the file.</param>
internal sealed record WireService(string FullName, IReadOnlyList<WireMethod> Methods);

/// <summary>One method.</summary>
internal sealed record WireMethod(string Name, WireMessage Input, WireMessage Output, bool ClientStreaming, bool ServerStreaming);

/// <summary>A message type. Fields are filled in after construction, because types may contain themselves.</summary>
internal sealed class WireMessage(string fullName, bool isMapEntry)
{
    public string FullName => fullName;

    public bool IsMapEntry => isMapEntry;

    public List<WireField> Fields { get; } = [];

    public override string ToString() => FullName;
}

/// <summary>One field.</summary>
internal sealed class WireField
{
    public required WireMessage Owner { get; init; }

    public required string Name { get; init; }

    public required int Number { get; init; }

    public required FieldType Type { get; init; }

    public required bool Repeated { get; init; }

    /// <summary>Whether a repeated number is written as one block.</summary>
    public required bool Packed { get; init; }

    /// <summary>proto3 `optional`: zero differs from absent.</summary>
    public required bool Optional { get; init; }

    /// <summary>Which oneof of the message it belongs to; null for none (the oneof behind `optional` is none).</summary>
    public string? Oneof { get; init; }

    /// <summary>The type of a message field.</summary>
    public WireMessage? Message { get; init; }

    /// <summary>The type of an enum field.</summary>
    public WireEnum? Enum { get; init; }

    public override string ToString() => $"{Owner.FullName}.{Name}";
}

/// <summary>An enum type.</summary>
internal sealed record WireEnum(string FullName, IReadOnlyList<(string Name, int Number)> Values);
