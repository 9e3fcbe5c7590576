using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;
using FieldType = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Type;

namespace FleetingPlugin.HostContract;

/// <summary>Makes the type names of parsed .proto text absolute: the innermost scope that has the name wins, as protoc does it.</summary>
internal static class ProtoTypeNames
{
    /// <summary>Changes the given files.</summary>
    /// <param name="files">Files as parsed.</param>
    /// <param name="known">Files whose types may be used besides.</param>
    public static List<FileDescriptorProto> Resolve(List<FileDescriptorProto> files, IEnumerable<FileDescriptorProto> known)
    {
        var messages = new HashSet<string>();
        var enums = new HashSet<string>();
        foreach (FileDescriptorProto file in files.Concat(known))
        {
            Collect(file.MessageType, file.EnumType, Scope(file), messages, enums);
        }
        foreach (FileDescriptorProto file in files)
        {
            foreach (DescriptorProto message in file.MessageType)
            {
                ResolveFields(message, $"{Scope(file)}.{message.Name}", messages, enums);
            }
            foreach (MethodDescriptorProto method in file.Service.SelectMany(service => service.Method))
            {
                method.InputType = Absolute(method.InputType, Scope(file), messages);
                method.OutputType = Absolute(method.OutputType, Scope(file), messages);
            }
        }
        return files;
    }

    private static string Scope(FileDescriptorProto file) => file.Package.Length == 0 ? "" : "." + file.Package;

    private static void Collect(
        RepeatedField<DescriptorProto> types, RepeatedField<EnumDescriptorProto> enumTypes, string scope, HashSet<string> messages, HashSet<string> enums)
    {
        enums.UnionWith(enumTypes.Select(type => $"{scope}.{type.Name}"));
        foreach (DescriptorProto type in types)
        {
            messages.Add($"{scope}.{type.Name}");
            Collect(type.NestedType, type.EnumType, $"{scope}.{type.Name}", messages, enums);
        }
    }

    private static void ResolveFields(DescriptorProto message, string scope, HashSet<string> messages, HashSet<string> enums)
    {
        foreach (FieldDescriptorProto field in message.Field.Where(field => field.TypeName.Length > 0))
        {
            string asMessage = Absolute(field.TypeName, scope, messages);
            string asEnum = Absolute(field.TypeName, scope, enums);
            // The longer name is the one from the inner scope.
            bool isEnum = enums.Contains(asEnum) && (!messages.Contains(asMessage) || asEnum.Length > asMessage.Length);
            field.Type = isEnum ? FieldType.Enum : FieldType.Message;
            field.TypeName = isEnum ? asEnum : asMessage;
        }
        foreach (DescriptorProto nested in message.NestedType)
        {
            ResolveFields(nested, $"{scope}.{nested.Name}", messages, enums);
        }
    }

    private static string Absolute(string name, string scope, HashSet<string> known)
    {
        if (name.StartsWith('.'))
        {
            return name;
        }
        for (string at = scope; ; at = at[..at.LastIndexOf('.')])
        {
            if (known.Contains($"{at}.{name}") || at.Length == 0)
            {
                return $"{at}.{name}";
            }
        }
    }
}
