using Google.Protobuf.Reflection;
using FieldType = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Type;
using Label = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Label;

namespace FleetingPlugin.HostContract;

/// <summary>The fields of .proto messages: label, type or map, name, number and options.</summary>
internal sealed class ProtoFieldParser(ProtoTokens tokens, FileDescriptorProto file)
{
    private static readonly Dictionary<string, FieldType> Scalars = Enum.GetValues<FieldType>()
        .Where(type => type is not (FieldType.Message or FieldType.Enum or FieldType.Group))
        .ToDictionary(type => type.ToString().ToLowerInvariant());

    /// <summary>Parses one field of the message, to which it adds the entry type of a map; the caller adds the field.</summary>
    /// <exception cref="ContractUnreadableException">With file and line.</exception>
    public FieldDescriptorProto Parse(DescriptorProto message)
    {
        var field = new FieldDescriptorProto { Label = Label.Optional };
        switch (tokens.Peek)
        {
            case "repeated":
                tokens.Next();
                field.Label = Label.Repeated;
                break;
            case "required":
                tokens.Next();
                break;
            case "optional":
                tokens.Next();
                field.Proto3Optional = file.Syntax == "proto3";
                break;
        }
        string type = tokens.Identifier();
        if (type == "map" && tokens.TryTake("<"))
        {
            DescriptorProto entry = MapEntry();
            field.Label = Label.Repeated;
            field.Name = tokens.Identifier();
            entry.Name = type = field.Name + "Entry";
            message.NestedType.Add(entry);
        }
        else
        {
            field.Name = tokens.Identifier();
        }
        SetType(field, type);
        tokens.Expect("=");
        field.Number = tokens.Number();
        if (tokens.Peek == "[")
        {
            Options(field);
        }
        tokens.Expect(";");
        return field;
    }

    private DescriptorProto MapEntry()
    {
        var key = new FieldDescriptorProto { Name = "key", Number = 1, Label = Label.Optional };
        SetType(key, tokens.Identifier());
        tokens.Expect(",");
        var value = new FieldDescriptorProto { Name = "value", Number = 2, Label = Label.Optional };
        SetType(value, tokens.Identifier());
        tokens.Expect(">");
        return new DescriptorProto { Field = { key, value }, Options = new MessageOptions { MapEntry = true } };
    }

    /// <summary>Takes an options list and keeps what changes the wire, which is only [packed = …].</summary>
    public void Options(FieldDescriptorProto field)
    {
        tokens.Expect("[");
        for (var depth = 1; depth > 0;)
        {
            string token = tokens.Next();
            depth += token is "[" or "{" ? 1 : token is "]" or "}" ? -1 : 0;
            if (token.Length == 0)
            {
                throw tokens.Fault("the options have no end");
            }
            if (token == "packed" && tokens.TryTake("="))
            {
                field.Options = new FieldOptions { Packed = tokens.Next() == "true" };
            }
        }
    }

    private static void SetType(FieldDescriptorProto field, string type)
    {
        if (Scalars.TryGetValue(type, out FieldType scalar))
        {
            field.Type = scalar;
        }
        else
        {
            field.TypeName = type;
        }
    }
}
