using Google.Protobuf.Reflection;
using FieldType = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Type;
using Label = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Label;

namespace FleetingPlugin.HostContract;

/// <summary>Turns file descriptors into the contracts in them. Works on the descriptor messages alone: no runtime types are built.</summary>
internal sealed class ContractResolver
{
    private static readonly string[] Signature = ["increase", "decrease", "update", "connectinfo"];

    private readonly Dictionary<string, (DescriptorProto Proto, FileDescriptorProto File)> messages = [];
    private readonly Dictionary<string, EnumDescriptorProto> enums = [];
    private readonly Dictionary<string, WireMessage> resolvedMessages = [];
    private readonly Dictionary<string, WireEnum> resolvedEnums = [];

    private ContractResolver(IEnumerable<FileDescriptorProto> files)
    {
        // The first definition of a name counts: what was found precedes what is built in.
        foreach (FileDescriptorProto file in files.Concat(WellKnownTypes.Files))
        {
            string scope = file.Package.Length == 0 ? "" : "." + file.Package;
            AddEnums(file.EnumType, scope);
            AddMessages(file.MessageType, scope, file);
        }
    }

    /// <summary>All contracts whose service has Increase, Decrease, Update and ConnectInfo, the highest version first.</summary>
    /// <exception cref="ContractUnreadableException">There is such a service, but a type it needs is nowhere.</exception>
    public static IReadOnlyList<WireContract> Resolve(IReadOnlyList<FileDescriptorProto> files)
    {
        var found = new List<WireContract>();
        foreach (FileDescriptorProto file in files.Where(file => file.Service.Any(IsInstanceGroup)))
        {
            // The file's own definitions first: an executable may embed several versions of the same names.
            var resolver = new ContractResolver(files.Where(other => other != file).Prepend(file));
            WireService[] services = [.. file.Service.Select(service => resolver.ServiceOf(file, service))];
            found.AddRange(services.Zip(file.Service).Where(pair => IsInstanceGroup(pair.Second)).Select(pair =>
                new WireContract(pair.First, [.. services.Where(other => other != pair.First)], file.Name)));
        }
        return [.. found.OrderByDescending(ContractVersion.Of)];
    }

    private static bool IsInstanceGroup(ServiceDescriptorProto service) =>
        Signature.All(name => service.Method.Any(method => method.Name.Equals(name, StringComparison.OrdinalIgnoreCase)));

    private void AddMessages(IEnumerable<DescriptorProto> protos, string scope, FileDescriptorProto file)
    {
        foreach (DescriptorProto proto in protos)
        {
            string name = $"{scope}.{proto.Name}";
            messages.TryAdd(name, (proto, file));
            AddEnums(proto.EnumType, name);
            AddMessages(proto.NestedType, name, file);
        }
    }

    private void AddEnums(IEnumerable<EnumDescriptorProto> protos, string scope)
    {
        foreach (EnumDescriptorProto proto in protos)
        {
            enums.TryAdd($"{scope}.{proto.Name}", proto);
        }
    }

    private WireService ServiceOf(FileDescriptorProto file, ServiceDescriptorProto service) => new(
        file.Package.Length == 0 ? service.Name : $"{file.Package}.{service.Name}",
        [.. service.Method.Select(method => new WireMethod(
            method.Name, MessageOf(method.InputType, method.Name), MessageOf(method.OutputType, method.Name), method.ClientStreaming, method.ServerStreaming))]);

    private WireMessage MessageOf(string name, string user)
    {
        if (resolvedMessages.TryGetValue(name, out WireMessage? known))
        {
            return known;
        }
        if (!messages.TryGetValue(name, out (DescriptorProto Proto, FileDescriptorProto File) definition))
        {
            throw new ContractUnreadableException($"{user} uses the message type {name.TrimStart('.')}, which no descriptor found defines");
        }
        var message = new WireMessage(name.TrimStart('.'), definition.Proto.Options?.MapEntry ?? false);
        resolvedMessages.Add(name, message);
        foreach (FieldDescriptorProto field in definition.Proto.Field)
        {
            message.Fields.Add(FieldOf(message, field, definition.Proto, definition.File));
        }
        return message;
    }

    private WireField FieldOf(WireMessage owner, FieldDescriptorProto field, DescriptorProto proto, FileDescriptorProto file)
    {
        bool inOneof = field.HasOneofIndex && !field.Proto3Optional
            && field.OneofIndex >= 0 && field.OneofIndex < proto.OneofDecl.Count;
        return new WireField
        {
            Owner = owner,
            Name = field.Name,
            Number = field.Number,
            Type = field.Type,
            Repeated = field.Label == Label.Repeated,
            Packed = field.Options is { HasPacked: true } options ? options.Packed : file.Syntax is "proto3" or "editions",
            Optional = field.Proto3Optional || (file.Syntax is "" or "proto2" && field.Label != Label.Repeated),
            Oneof = inOneof ? proto.OneofDecl[field.OneofIndex].Name : null,
            Message = field.Type is FieldType.Message or FieldType.Group ? MessageOf(field.TypeName, $"{owner}.{field.Name}") : null,
            Enum = field.Type is FieldType.Enum ? EnumOf(field.TypeName, $"{owner}.{field.Name}") : null,
        };
    }

    private WireEnum EnumOf(string name, string user)
    {
        if (resolvedEnums.TryGetValue(name, out WireEnum? known))
        {
            return known;
        }
        if (!enums.TryGetValue(name, out EnumDescriptorProto? proto))
        {
            throw new ContractUnreadableException($"{user} uses the enum type {name.TrimStart('.')}, which no descriptor found defines");
        }
        var made = new WireEnum(name.TrimStart('.'), [.. proto.Value.Select(value => (value.Name, value.Number))]);
        resolvedEnums.Add(name, made);
        return made;
    }
}
