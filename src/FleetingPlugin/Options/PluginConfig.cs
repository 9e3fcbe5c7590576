using System.Text.Json;
using System.Text.Unicode;
using VmPool.Options;
using VmPool.Storage;

namespace FleetingPlugin.Options;

/// <summary>Turns the runner's plugin_config bytes and connector_config into one group's options.</summary>
internal static class PluginConfig
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64 };

    /// <summary>Reads and judges both; empty bytes, <c>null</c> and <c>{}</c> mean all defaults.</summary>
    /// <param name="json">plugin_config as JSON in UTF-8.</param>
    /// <param name="connector">connector_config; the group's login user comes from here unless vm_user says it.</param>
    /// <exception cref="PluginOptionsException">With every fault of both, each naming key, value and bound.</exception>
    public static GroupOptions Parse(ReadOnlyMemory<byte> json, ConnectorSettings connector)
    {
        var faults = new List<string>();
        var options = Parse(json, connector, faults);
        return faults.Count == 0 ? options : throw new PluginOptionsException(faults);
    }

    private static GroupOptions Parse(ReadOnlyMemory<byte> json, ConnectorSettings connector, List<string> faults)
    {
        var good = new Dictionary<string, bool>();
        var options = new GroupOptions();
        if (json.Span.ContainsAnyExcept(" \t\r\n"u8))
        {
            options = Apply(json, options, good, faults);
        }

        // Defaults and bounds that follow from other keys.
        if (!good.ContainsKey("vm_disk_directory"))
        {
            options = options with { DiskDirectory = options.StateDirectory };
        }

        if (options.DiskLoopGb > 0)
        {
            options = options with { DiskDirectory = LoopFileSystem.MountPointIn(options.DiskDirectory) };
        }

        if (good.GetValueOrDefault("vm_subnet", true) && options.MaxVms > Subnet.Slots(options.Network.Subnet))
        {
            faults.Add($"max_vms = {options.MaxVms}: expected 1 to {Subnet.Slots(options.Network.Subnet)}, the number of slots in vm_subnet {options.Network.Subnet} (one /31 each)");
        }

        faults.AddRange(PreparedKeys.Faults(options.Image, good, connector));
        faults.AddRange(connector.Faults());
        if (connector.ProtocolPort > 0)
        {
            options = options with { Network = options.Network with { SshPort = connector.ProtocolPort } };
        }

        return ApplyLogin(options, connector, good.GetValueOrDefault("vm_user"), faults);
    }

    private static GroupOptions Apply(ReadOnlyMemory<byte> json, GroupOptions options, Dictionary<string, bool> good, List<string> faults)
    {
        if (!Utf8.IsValid(json.Span))
        {
            faults.Add("is not UTF-8");
            return options;
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, Strict);
        }
        catch (JsonException broken)
        {
            faults.Add($"is not JSON: {broken.Message.ReplaceLineEndings(" ")}");
            return options;
        }

        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Null)
            {
                return options;
            }

            if (root.ValueKind != JsonValueKind.Object)
            {
                faults.Add($"expected a table, got {JsonWords.Kind(root)}: {JsonWords.Shown(root)}");
                return options;
            }

            try
            {
                return ApplyKeys(root, options, good, faults);
            }
            catch (InvalidOperationException)
            {
                // How the JSON library says that a string holds half a surrogate pair; only a handmade document can.
                faults.Add("contains a string that is not valid Unicode");
                return options;
            }
        }
    }

    private static GroupOptions ApplyKeys(JsonElement root, GroupOptions options, Dictionary<string, bool> good, List<string> faults)
    {
        var reader = new ConfigReader(faults);
        reader.Read(root);
        foreach (var (key, written, value) in reader.Found)
        {
            (options, var reason) = key.Apply(options, value);
            good[key.Name] = reason is null;
            if (reason is not null)
            {
                faults.Add($"{written} = {JsonWords.Shown(value)}: expected {key.Expected}" + (reason.Length == 0 ? "" : $"; {reason}"));
            }
        }

        return options;
    }

    private static GroupOptions ApplyLogin(GroupOptions options, ConnectorSettings connector, bool userGiven, List<string> faults)
    {
        if (connector.Username.Length == 0)
        {
            return options;
        }

        if (userGiven && options.Machine.User != connector.Username)
        {
            faults.Add($"connector_config.username = \"{connector.Username}\": differs from vm_user = \"{options.Machine.User}\"; make them equal or leave one out");
        }

        return options with { Machine = options.Machine with { User = connector.Username } };
    }
}
