using System.Text;

namespace FleetingPlugin.Tests.Transcoding;

/// <summary>A message type as the host of a test knows it: what is in which field is said by roles, not by names.</summary>
internal sealed class HostMessage(string name)
{
    public string Name { get; } = name;

    public List<HostField> Fields { get; } = [];

    public static string Print(string package, string services, IEnumerable<HostMessage> roots)
    {
        var text = new StringBuilder($"syntax = \"proto3\";\npackage {package};\nimport \"google/protobuf/any.proto\";\n{services}\n");
        var printed = new HashSet<HostMessage>();
        var waiting = new Queue<HostMessage>(roots);
        while (waiting.TryDequeue(out HostMessage? message))
        {
            if (message.Name.StartsWith("google.", StringComparison.Ordinal) || !printed.Add(message))
            {
                continue;
            }
            text.Append($"message {message.Name} {{\n");
            foreach (HostField field in message.Fields)
            {
                text.Append(field.Oneof is null ? $"  {field.Label}{field.TypeName} {field.Name} = {field.Number};\n" : $"  oneof {field.Oneof} {{ {field.TypeName} {field.Name} = {field.Number}; }}\n");
                if (field.Message is not null)
                {
                    waiting.Enqueue(field.Message);
                }
                if (field.Enum is { } values)
                {
                    text.Append($"  enum {field.TypeName} {{ {string.Concat(values.Select(value => $"{value.Name} = {value.Number}; "))}}}\n");
                }
            }
            text.Append("}\n");
        }
        return text.ToString();
    }
}

/// <summary>One field; a oneof here always has one member, larger ones have tests of their own.</summary>
internal sealed record HostField(string Name, int Number, string Type)
{
    /// <summary>The value it carries; null for a message that only contains others, or for a field nobody knows.</summary>
    public string? Role { get; init; }

    public bool Repeated { get; init; }

    public bool Map { get; init; }

    public bool Optional { get; init; }

    public string? Oneof { get; init; }

    public HostMessage? Message { get; init; }

    public IReadOnlyList<(string Name, int Number, string Word)>? Enum { get; init; }

    /// <summary>Nanoseconds in one unit of a number.</summary>
    public long Unit { get; init; } = 1;

    public string TypeName => Map ? $"map<string, {Message!.Fields[1].TypeName}>" : Message?.Name ?? Type;

    public string Label => Map ? "" : Repeated ? "repeated " : Optional ? "optional " : "";
}
