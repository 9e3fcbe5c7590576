using Google.Protobuf.Reflection;

namespace FleetingPlugin.HostContract;

/// <summary>
/// .proto text to a descriptor: messages, enums, services, oneof, map, optional, repeated, nested types, imports. Options,
/// reserved ranges, extensions and comments do not matter here and are passed over.
/// </summary>
internal sealed class ProtoParser
{
    private const int MaxDepth = 32;

    private readonly ProtoTokens tokens;
    private readonly FileDescriptorProto file;
    private readonly ProtoFieldParser fields;

    private ProtoParser(string name, string text)
    {
        tokens = new ProtoTokens(name, text);
        file = new FileDescriptorProto { Name = name };
        fields = new ProtoFieldParser(tokens, file);
    }

    /// <summary>Parses one file. Its type names stay as written: <see cref="ProtoTypeNames"/> makes them absolute.</summary>
    /// <exception cref="ContractUnreadableException">With file and line.</exception>
    public static FileDescriptorProto Parse(string name, string text)
    {
        var parser = new ProtoParser(name, text);
        parser.ParseFile();
        return parser.file;
    }

    private void ParseFile()
    {
        while (tokens.Peek.Length > 0)
        {
            switch (tokens.Next())
            {
                case "syntax":
                    tokens.Expect("=");
                    file.Syntax = tokens.Text();
                    tokens.Expect(";");
                    break;
                case "edition":
                    tokens.Expect("=");
                    _ = tokens.Text();
                    file.Syntax = "editions";
                    tokens.Expect(";");
                    break;
                case "package":
                    file.Package = tokens.Identifier();
                    tokens.Expect(";");
                    break;
                case "import":
                    _ = tokens.TryTake("public") || tokens.TryTake("weak");
                    file.Dependency.Add(tokens.Text());
                    tokens.Expect(";");
                    break;
                case "message":
                    file.MessageType.Add(Message(0));
                    break;
                case "enum":
                    file.EnumType.Add(EnumType());
                    break;
                case "service":
                    file.Service.Add(Service());
                    break;
                case "option" or "extend":
                    tokens.SkipStatement();
                    break;
                case ";":
                    break;
                default:
                    throw tokens.Fault("expected syntax, package, import, message, enum or service before this");
            }
        }
    }

    private DescriptorProto Message(int depth)
    {
        if (depth > MaxDepth)
        {
            throw tokens.Fault($"messages nested deeper than {MaxDepth}");
        }
        var message = new DescriptorProto { Name = tokens.Identifier() };
        tokens.Expect("{");
        while (!tokens.TryTake("}"))
        {
            switch (tokens.Peek)
            {
                case "message":
                    tokens.Next();
                    message.NestedType.Add(Message(depth + 1));
                    break;
                case "enum":
                    tokens.Next();
                    message.EnumType.Add(EnumType());
                    break;
                case "oneof":
                    Oneof(message);
                    break;
                case "option" or "reserved" or "extensions" or "extend":
                    tokens.SkipStatement();
                    break;
                case ";":
                    tokens.Next();
                    break;
                default:
                    message.Field.Add(fields.Parse(message));
                    break;
            }
        }
        return message;
    }

    private void Oneof(DescriptorProto message)
    {
        tokens.Next();
        int index = message.OneofDecl.Count;
        message.OneofDecl.Add(new OneofDescriptorProto { Name = tokens.Identifier() });
        tokens.Expect("{");
        while (!tokens.TryTake("}"))
        {
            if (tokens.Peek == "option")
            {
                tokens.SkipStatement();
                continue;
            }
            FieldDescriptorProto field = fields.Parse(message);
            field.OneofIndex = index;
            message.Field.Add(field);
        }
    }

    private EnumDescriptorProto EnumType()
    {
        var made = new EnumDescriptorProto { Name = tokens.Identifier() };
        tokens.Expect("{");
        while (!tokens.TryTake("}"))
        {
            if (tokens.Peek is "option" or "reserved")
            {
                tokens.SkipStatement();
                continue;
            }
            if (tokens.TryTake(";"))
            {
                continue;
            }
            var value = new EnumValueDescriptorProto { Name = tokens.Identifier() };
            tokens.Expect("=");
            value.Number = tokens.Number();
            made.Value.Add(value);
            if (tokens.Peek == "[")
            {
                fields.Options(new FieldDescriptorProto());
            }
            tokens.Expect(";");
        }
        return made;
    }

    private ServiceDescriptorProto Service()
    {
        var service = new ServiceDescriptorProto { Name = tokens.Identifier() };
        tokens.Expect("{");
        while (!tokens.TryTake("}"))
        {
            if (tokens.Peek == "option")
            {
                tokens.SkipStatement();
                continue;
            }
            if (tokens.TryTake(";"))
            {
                continue;
            }
            tokens.Expect("rpc");
            var method = new MethodDescriptorProto { Name = tokens.Identifier() };
            tokens.Expect("(");
            method.ClientStreaming = tokens.TryTake("stream");
            method.InputType = tokens.Identifier();
            tokens.Expect(")");
            tokens.Expect("returns");
            tokens.Expect("(");
            method.ServerStreaming = tokens.TryTake("stream");
            method.OutputType = tokens.Identifier();
            tokens.Expect(")");
            service.Method.Add(method);
            if (tokens.Peek == "{")
            {
                tokens.SkipStatement();
            }
            else
            {
                tokens.Expect(";");
            }
        }
        return service;
    }
}
