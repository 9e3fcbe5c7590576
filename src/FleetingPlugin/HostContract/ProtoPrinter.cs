using System.Globalization;
using System.Text;

namespace FleetingPlugin.HostContract;

/// <summary>Writes a contract as .proto text: its services and every type they need, without protobuf's own types.</summary>
internal sealed class ProtoPrinter
{
    private readonly StringBuilder text = new();
    private readonly List<WireMessage> messages = [];
    private readonly List<WireEnum> enums = [];

    public static string Print(WireContract contract)
    {
        var printer = new ProtoPrinter();
        string service = contract.Service.FullName;
        string package = service.LastIndexOf('.') is var dot and >= 0 ? service[..dot] : "";
        printer.text.Append("syntax = \"proto3\";\n");
        if (package.Length > 0)
        {
            printer.text.Append(CultureInfo.InvariantCulture, $"\npackage {package};\n");
        }
        foreach (WireService one in contract.Others.Prepend(contract.Service))
        {
            printer.Service(one);
        }
        for (var at = 0; at < printer.messages.Count; at++)
        {
            printer.Message(printer.messages[at]);
        }
        foreach (WireEnum type in printer.enums)
        {
            printer.EnumType(type);
        }
        return printer.text.ToString();
    }

    private void Service(WireService service)
    {
        text.Append(CultureInfo.InvariantCulture, $"\nservice {service.FullName.Split('.')[^1]} {{\n");
        foreach (WireMethod method in service.Methods)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"  rpc {method.Name}({(method.ClientStreaming ? "stream " : "")}{Use(method.Input)}) returns ({(method.ServerStreaming ? "stream " : "")}{Use(method.Output)});\n");
        }
        text.Append("}\n");
    }

    // Nested types are printed flat: a dot would be no name.
    private void Message(WireMessage message)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n// {message.FullName}\nmessage {message.FullName.Split('.')[^1]} {{\n");
        string? oneof = null;
        foreach (WireField field in message.Fields)
        {
            if (oneof is not null && field.Oneof != oneof)
            {
                text.Append("  }\n");
            }
            if (field.Oneof is { } begun && begun != oneof)
            {
                text.Append(CultureInfo.InvariantCulture, $"  oneof {begun} {{\n");
            }
            oneof = field.Oneof;
            string label = field.Message is { IsMapEntry: true } ? "" : field.Repeated ? "repeated " : field.Optional ? "optional " : "";
            text.Append(CultureInfo.InvariantCulture, $"  {(oneof is null ? "" : "  ")}{label}{TypeOf(field)} {field.Name} = {field.Number};\n");
        }
        text.Append(oneof is null ? "}\n" : "  }\n}\n");
    }

    private void EnumType(WireEnum type)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n// {type.FullName}\nenum {type.FullName.Split('.')[^1]} {{\n");
        foreach ((string name, int number) in type.Values)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {name} = {number};\n");
        }
        text.Append("}\n");
    }

    private string TypeOf(WireField field)
    {
        if (field.Message is { IsMapEntry: true, Fields: [var key, var value] })
        {
            return $"map<{TypeOf(key)}, {TypeOf(value)}>";
        }
        if (field.Enum is { } type)
        {
            if (!enums.Contains(type) && !type.FullName.StartsWith("google.protobuf.", StringComparison.Ordinal))
            {
                enums.Add(type);
            }
            return type.FullName.Split('.')[^1];
        }
        return field.Message is { } message ? Use(message) : field.Type.ToString().ToLowerInvariant();
    }

    private string Use(WireMessage message)
    {
        if (message.FullName.StartsWith("google.", StringComparison.Ordinal))
        {
            return message.FullName;
        }
        if (!messages.Contains(message))
        {
            messages.Add(message);
        }
        return message.FullName.Split('.')[^1];
    }
}
