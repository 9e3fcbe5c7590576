using FleetingPlugin.Binding;

namespace FleetingPlugin.Tests.Transcoding;

/// <summary>Makes up contracts: other names within the table's, other numbers, types, nesting and shapes. One seed, one contract.</summary>
internal sealed class ContractGenerator(int seed)
{
    private static readonly string[] Integers = ["int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64"];
    private static readonly string[] Blocks = ["outcome", "block", "answer", "part", "inner"];

    private readonly Random random = new(seed);
    private readonly List<HostMessage> roots = [];
    private int messages;

    public string Package { get; } = $"gen.p{seed}";

    public Dictionary<string, (string Name, HostMessage Input, HostMessage Output)> Methods { get; } = [];

    public HostMessage? CallbackItem { get; private set; }

    public bool Streams { get; private set; }

    public (string Name, HostMessage Input)? Configure { get; private set; }

    public string Proto { get; private set; } = "";

    public ContractGenerator Generate()
    {
        var rpcs = new List<string> { $"rpc Extra{seed}({Empty().Name}) returns ({Empty().Name});" };
        string callback = "";
        foreach (CanonicalMethod method in BindingTable.Methods)
        {
            IReadOnlyList<CanonicalField> request = [.. method.Request.Where(field => field.Name is not ("settings" or "callback"))];
            if (method.Name == "Init" && Chance(30))
            {
                CanonicalField[] moved = [.. request.Where(field => field.Name == "config" || Chance(30))];
                request = [.. request.Except(moved)];
                Configure = (Case(Pick(["Configure", "SetConfig", "Setup"])), Message(moved));
                rpcs.Add($"rpc {Configure.Value.Name}({Configure.Value.Input.Name}) returns ({Empty().Name});");
            }
            HostMessage input = Message(request);
            HostMessage output;
            if (method.Name == "Update")
            {
                (output, callback) = Update(method, input);
            }
            else
            {
                output = Message(method.Response.Where(field => field.Name != "healthy" && field.Kind != ValueKind.ErrorCode && (field.Name != "external_addr" || Chance(70))));
            }
            string name = Case(method.Name);
            Methods[method.Name] = (name, input, output);
            rpcs.Add($"rpc {name}({input.Name}) returns ({(method.Name == "Update" && Streams ? "stream " : "")}{output.Name});");
        }
        Proto = HostMessage.Print(Package, $"service S{seed} {{ {string.Join(' ', rpcs.OrderBy(_ => random.Next()))} }}\n{callback}", roots);
        return this;
    }

    private (HostMessage Output, string Callback) Update(CanonicalMethod method, HostMessage input)
    {
        CanonicalField id = method.Response[0], state = method.Response[1];
        int shape = random.Next(6);
        HostField idField = Field(id, Name(["id", "instance_id", "instance", "name", "uid"])), stateField = State(state);
        if (shape == 0)
        {
            Streams = true;
            return (Of(Nest([idField, stateField])), "");
        }
        if (shape == 1)
        {
            CallbackItem = Of(Nest([idField, stateField]));
            input.Fields.Add(new HostField(Name(["callback", "broker_id", "server"]), 77, "uint32") { Role = "count:callback" });
            return (Empty(), $"service Told{seed} {{ rpc Tell({CallbackItem.Name}) returns ({Empty().Name}); }}");
        }
        HostField list = shape switch
        {
            2 => new HostField(Name(["by_id", "instances", "all"]), 0, "") { Repeated = true, Map = true, Message = Entry(stateField) },
            3 => new HostField(Name(["fields"]), 0, "google.protobuf.Struct"),
            _ => new HostField(Name(["instances", "items", "vms"]), 0, "") { Repeated = true, Message = Of(Nest([idField, stateField])) },
        };
        return shape switch
        {
            3 => (Of(Nest([list with { Type = "", Message = StructType() }])), ""),
            4 => (Of(Nest([idField with { Name = Name(["ids", "instance_ids"]), Repeated = true, Message = null, Type = "string", Role = "text:id", Optional = false, Oneof = null },
                stateField with { Name = Name(["states", "statuses"]), Repeated = true, Message = null, Type = stateField.Message is null ? stateField.Type : "string", Role = "text:state", Optional = false, Oneof = null }])), ""),
            _ => (Of(Nest([list])), ""),
        };
    }

    // google.protobuf.Struct is a map from text to a Value, whose field 3 is a text.
    private static HostMessage StructType()
    {
        var value = new HostMessage("google.protobuf.Value") { Fields = { new HostField("string_value", 3, "string") { Role = "text:state", Optional = true } } };
        var entry = new HostMessage("google.protobuf.Struct.FieldsEntry") { Fields = { new HostField("key", 1, "string") { Role = "text:id" }, new HostField("value", 2, "") { Message = value } } };
        return new HostMessage("google.protobuf.Struct") { Fields = { new HostField("fields", 1, "") { Repeated = true, Map = true, Message = entry } } };
    }

    private HostMessage Entry(HostField state)
    {
        HostField value = Chance(50)
            ? (state.Message is null && state.Enum is null ? state with { Name = "value", Number = 2, Optional = false, Oneof = null } : new HostField("value", 2, "") { Message = Of([state]) })
            : new HostField("value", 2, "") { Message = Of([state]) };
        // Entries are not printed as messages.
        return new HostMessage("google.entry") { Fields = { new HostField("key", 1, "string") { Role = "text:id" }, value } };
    }

    private HostField State(CanonicalField state)
    {
        string name = Name(["state", "status", "phase"]);
        if (Chance(50))
        {
            string prefix = Pick(["STATE_", "INSTANCE_STATE_", "", "State"]);
            int first = random.Next(2);
            string[] words = [.. BindingTable.States.Select(row => row.State).OrderBy(_ => random.Next())];
            return new HostField(name, 0, $"E{++messages}")
            {
                Role = "text:state",
                Enum = [.. (first == 1 ? new[] { ($"{prefix}{(prefix == "State" ? "Unspecified" : "UNSPECIFIED")}", 0, "") } : []).Concat(
                    words.Select((word, at) => ($"{prefix}{(prefix == "State" ? char.ToUpperInvariant(word[0]) + word[1..] : word.ToUpperInvariant())}", at + first, word)))],
            };
        }
        return Field(state, name);
    }

    private HostMessage Message(IEnumerable<CanonicalField> rows)
    {
        List<CanonicalField> all = [.. rows];
        List<CanonicalField> connector = [.. all.Where(row => BindingTable.Connector.Any(setting => setting.Name == row.Name))];
        List<HostField> fields = [.. all.Except(connector).Select(row => row.List is null ? Field(row) : List(row))];
        List<HostField> settings = [.. connector.Select(row => Field(row))];
        fields = Nest(fields);
        if (settings.Count > 0 && Chance(60))
        {
            fields.Add(new HostField(Name(["settings", "connector_config", "connector_settings"]), 0, "") { Message = Of(settings) });
        }
        else
        {
            fields.AddRange(settings);
        }
        return Of(fields);
    }

    private List<HostField> Nest(List<HostField> fields)
    {
        if (fields.Count > 0 && Chance(30))
        {
            List<HostField> moved = [.. fields.Where(_ => Chance(60))];
            fields = [.. fields.Except(moved), new HostField(Pick(Blocks), 0, "") { Message = Of(Chance(20) ? Nest(moved) : moved) }];
        }
        return fields;
    }

    private HostField List(CanonicalField row)
    {
        string role = $"text:{row.Name}";
        var names = row.Names.Where(name => name is not "mapkey").ToList();
        return Chance(50)
            ? new HostField(Name(names), 0, "string") { Repeated = true, Role = role }
            : new HostField(Name(["things", "results"]), 0, "") { Repeated = true, Message = Of([new HostField(Name(names), 0, "string") { Role = role }]) };
    }

    private HostField Field(CanonicalField row, string? name = null)
    {
        name ??= Name(row.Names.Where(known => !known.StartsWith("map", StringComparison.Ordinal)).ToList(), plain: row.Kind is ValueKind.Duration or ValueKind.Time);
        string role = $"{Kind(row.Kind)}:{row.Name}";
        HostField Plain(string type) => new(name, 0, type) { Role = role, Optional = Chance(20), Oneof = Chance(10) ? $"one{++messages}" : null };
        HostField Wrapped(string wrapper, string type) => new(name, 0, "") { Message = new HostMessage($"google.protobuf.{wrapper}") { Fields = { new HostField("value", 1, type) { Role = role } } } };
        switch (row.Kind)
        {
            case ValueKind.Count:
                return Chance(20) ? Wrapped("Int64Value", "int64") : Plain(Pick(Integers));
            case ValueKind.Flag:
                return Chance(20) ? Wrapped("BoolValue", "bool") : Plain("bool");
            case ValueKind.Secret:
                return Plain(Pick(["bytes", "string"]));
            case ValueKind.Json:
                return Plain(Pick(["bytes", "string", "google.protobuf.Struct", "google.protobuf.Any"])) with { Optional = false };
            case ValueKind.Duration or ValueKind.Time:
                (string suffix, long unit) = Pick([("_ms", 1_000_000L), ("_seconds", 1_000_000_000), ("Nanos", 1), ("", 0)]);
                bool isTime = row.Kind == ValueKind.Time;
                string type = Pick([isTime ? "google.protobuf.Timestamp" : "google.protobuf.Duration", "int64", isTime ? "string" : "double", "string", isTime ? "int64" : "int32"]);
                bool numeric = type is "int64" or "int32" or "double";
                unit = unit > 0 ? unit : type is "int64" && !isTime ? 1 : 1_000_000_000;
                // A nanosecond count does not fit 32 bits.
                (suffix, unit) = type == "int32" && unit == 1 ? ("_ms", 1_000_000) : (suffix, unit);
                return Plain(type) with { Name = numeric ? name + suffix : name, Unit = unit, Optional = type != "google.protobuf.Duration" && Chance(20) };
            default:
                return Chance(20) && row.Kind == ValueKind.Text ? Wrapped("StringValue", "string") : Plain("string");
        }
    }

    private HostMessage Empty() => Of([]);

    private HostMessage Of(List<HostField> fields)
    {
        var message = new HostMessage($"M{++messages}");
        int number = 0;
        foreach (HostField field in fields.OrderBy(_ => random.Next()))
        {
            number += 1 + random.Next(Chance(10) ? 3000 : 3);
            message.Fields.Add(field with { Number = number });
        }
        roots.Add(message);
        return message;
    }

    private static string Kind(ValueKind kind) => kind switch
    {
        ValueKind.Count => "count",
        ValueKind.Flag => "flag",
        ValueKind.Secret => "secret",
        ValueKind.Json => "json",
        ValueKind.Duration => "duration",
        ValueKind.Time => "time",
        _ => "text",
    };

    private string Name(IReadOnlyList<string> names, bool plain = false)
    {
        string name = Case(Pick(names));
        return !plain && name.Length > 4 && Chance(20) ? name.Insert(2, "_") : name;
    }

    private string Case(string name) => random.Next(3) switch { 0 => name, 1 => name.ToUpperInvariant(), _ => char.ToUpperInvariant(name[0]) + name[1..] };

    private T Pick<T>(IReadOnlyList<T> from) => from[random.Next(from.Count)];

    private bool Chance(int percent) => random.Next(100) < percent;
}
